import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { announce } from "./report.ts";

const server = createServer((_request, response) => {
  const body = JSON.stringify({ hello: "world" });
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
});
server.keepAliveTimeout = 72_000; // Fastify's default, so that the keep-alive header is the same
server.listen(0, "127.0.0.1", () => {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
