import type { FastifyReply, FastifyRequest } from "fastify";
import findMyWay, { type HTTPMethod } from "find-my-way";
import { type Method, methods } from "../app/operation.ts";
import { HTTPError } from "../errors/http-error.ts";
import type { Lanes } from "./lanes.ts";
import { writeReply } from "./reply.ts";
import { rawRequest } from "./request.ts";

/**
 * Answers what no operation answers, as Starlette's router does: 405 with `Allow` when the path exists for other
 * methods, 307 to the path with or without its last slash when that one exists, else 404.
 */
export function createNotFound({
  operations,
  answerError,
}: Lanes): (request: FastifyRequest, reply: FastifyReply) => void {
  const router = findMyWay();
  for (const { declaration } of operations) router.on(declaration.method, declaration.path, nothing);
  const refuse = (request: FastifyRequest, reply: FastifyReply, error: HTTPError): void => {
    void answerError(error, rawRequest(request, false)).then((raw) => writeReply(reply, raw));
  };
  const allowed = (path: string): Method[] =>
    methods.filter((method) => router.find(method as HTTPMethod, path) !== null);
  return (request, reply) => {
    const [path = "/", query] = splitOnce(request.raw.url ?? "/", "?");
    const here = allowed(path);
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    if (here.length > 0) {
      refuse(request, reply, new HTTPError(405, "Method Not Allowed", { allow: here.join(", ") }));
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
      refuse(request, reply, new HTTPError(404, "Not Found"));
    }
  };
}

function nothing(): void {}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
