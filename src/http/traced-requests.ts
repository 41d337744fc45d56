import type { FastifyInstance } from "fastify";
import type { Tracing } from "../tracing/tracing.ts";
import { lacksName } from "./routes.ts";

/**
 * Starts a span for each request of an operation as soon as it is routed: before plugins, and before its body is read.
 * The operation runs within this span, even after a plugin that continues elsewhere has lost it.
 */
export function addRequestSpans(fastify: FastifyInstance, { requests }: Tracing): void {
  fastify.addHook("onRequest", (request, reply, done) => {
    const { operation } = request.routeOptions.config;
    if (operation === undefined || lacksName(request.params as Record<string, string>)) return done();
    requests.begin(operation, request.id, request.raw, reply.raw);
    requests.within(request.raw, done);
  });
  fastify.addHook("onRoute", (route) => {
    if (route.config?.operation === undefined) return;
    const { handler } = route;
    route.handler = function (request, reply) {
      return requests.within(request.raw, () => handler.call(this, request, reply));
    };
  });
}
