import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Tracing } from "../tracing/tracing.ts";
import { lacksName } from "./not-found.ts";

type Handler = (request: FastifyRequest, reply: FastifyReply) => void;

/** Starts a span for each request of an operation as soon as it is routed: before plugins, and before its body is read. */
export function addRequestSpans(fastify: FastifyInstance, { requests }: Tracing): void {
  fastify.addHook("onRequest", (request, reply, done) => {
    const { operation } = request.routeOptions.config;
    if (operation === undefined || lacksName(request.params as Record<string, string>)) return done();
    requests.begin(operation, request.id, request.raw, reply.raw);
    requests.within(request.raw, done);
  });
}

/** The same handler as part of the request's span, which a plugin that goes on from elsewhere has lost. */
export function handleInSpan({ requests }: Tracing, handle: Handler): Handler {
  return (request, reply) => requests.within(request.raw, () => handle(request, reply));
}
