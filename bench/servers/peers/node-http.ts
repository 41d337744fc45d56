import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { announce } from "../report.ts";
import { computeAndNote, greeting, waitAndNote, work } from "./routes.ts";

function answer(response: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

const server = createServer((request, response) => {
  const path = request.url as `/${string}`;
  if (path === "/") return answer(response, greeting);
  const [, , kind, id = ""] = path.split("/");
  if (kind === "async") response.once("finish", () => void waitAndNote(id));
  if (kind === "plain") response.once("finish", () => computeAndNote(id));
  answer(response, work[path]?.() ?? greeting);
});
server.keepAliveTimeout = 72_000; // Fastify's default, so that the keep-alive header is the same
server.listen(0, "127.0.0.1", () => {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
