import type { FastifyReply, FastifyRequest } from "fastify";
import findMyWay, { type HTTPMethod } from "find-my-way";
import { type Method, methods } from "../app/operation.ts";
import { detailReply } from "../operation/reply.ts";
import type { Route } from "./docs.ts";
import { writeReply } from "./reply.ts";

/**
 * Answers what no operation answers, as Starlette's router does: 405 with `Allow` when the path exists for other
 * methods, 307 to the path with or without its last slash when that one exists, else 404.
 */
export function createNotFound(
  routes: readonly Route[],
): (request: FastifyRequest, reply: FastifyReply) => void {
  const router = findMyWay();
  for (const { method, path } of routes) router.on(method, path, nothing);
  const allowed = (path: string): Method[] =>
    methods.filter((method) => router.find(method as HTTPMethod, path) !== null);
  return (request, reply) => {
    const [path = "/", query] = splitOnce(request.raw.url ?? "/", "?");
    const here = allowed(path);
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    if (here.length > 0) {
      writeReply(reply, detailReply(405, "Method Not Allowed", { headers: [["allow", here.join(", ")]] }));
    } else if (other !== "" && allowed(other).length > 0) {
      const location = `${request.protocol}://${request.host}${other}${query === undefined ? "" : `?${query}`}`;
      writeReply(reply, {
        status: 307,
        mediaType: undefined,
        headers: [["location", location]],
        body: undefined,
        background: undefined,
        error: undefined,
      });
    } else {
      writeReply(reply, detailReply(404, "Not Found", {}));
    }
  };
}

function nothing(): void {}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
