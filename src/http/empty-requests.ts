import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";

/**
 * Ends the bodies that node:http spares their stream: one that says what type it has, but has no length, is waited for
 * all the same, and nothing would ever come.
 */
export function endEmptyRequests(fastify: FastifyInstance): void {
  fastify.addHook("preParsing", (request, _reply, payload, done) => {
    // First what costs nothing: most requests are GET, of which nobody reads a body or asks for the type.
    const isWaitedFor =
      request.method !== "GET" && payload.readableEnded && "content-type" in request.headers;
    done(null, isWaitedFor ? Readable.from([]) : payload);
  });
}
