import type { FastifyInstance } from "fastify";
import { pathOfUrl } from "../app/path.ts";
import type { BeginningRequest } from "../tracing/request-spans.ts";
import type { Tracing } from "../tracing/tracing.ts";
import type { LoggedUrls } from "./logs/logged-url.ts";
import { outcomeOf, whenOver } from "./response-end.ts";
import { lacksName } from "./routes.ts";

/**
 * Starts a span for each request of an operation as soon as it is routed: before plugins, and before its body is read.
 * The operation runs within this span, even after a plugin that continues elsewhere has lost it.
 *
 * @param urls - How paths are shown: without the secrets that the log leaves out, too.
 */
export function addRequestSpans(fastify: FastifyInstance, { requests }: Tracing, urls: LoggedUrls): void {
  fastify.addHook("onRequest", (request, reply, done) => {
    const { id, raw: message, originalUrl, routeOptions } = request;
    const { operation } = routeOptions.config;
    if (operation === undefined || lacksName(request.params as Record<string, string>)) return done();
    const path = urls.of(pathOfUrl(originalUrl), operation);
    const onOver: BeginningRequest["onOver"] = (run) => whenOver(reply.raw, () => run(outcomeOf(reply.raw)));
    requests.begin({ operation, id, path, message, response: reply.raw, onOver });
    requests.within(message, done);
  });
  fastify.addHook("onRoute", (route) => {
    if (route.config?.operation === undefined) return;
    const { handler } = route;
    route.handler = function (request, reply) {
      return requests.within(request.raw, () => handler.call(this, request, reply));
    };
  });
}
