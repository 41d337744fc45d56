import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from "fastify";
import { lacksName } from "./routes.ts";
import { listed } from "./surrounded-routes.ts";

const BODYLESS = new Set<string>(["GET", "HEAD", "TRACE"]);

/**
 * Has bodies handed over as bytes, and decides, once a request has been routed, whether to wait for one. Fastify reads
 * none of a GET: routes that take no body get no such hook, since it costs each request something.
 */
export function passBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  fastify.addHook("onRoute", (route) => {
    if (listed(route.method).every((method) => BODYLESS.has(method))) return;
    route.preParsing = [passBody, ...listed(route.preParsing)];
  });
}

/** Replaces headers that announce a body. */
const noBody = { "content-type": undefined, "content-length": undefined, "transfer-encoding": undefined };

/** The hook of all other routes, and of what answers where there is none. */
export const passBody: preParsingHookHandler = (request, _reply, payload, done) => {
  // Where no route matches, the body is not read. Node discards it once the answer has been sent.
  if (isNotFound(request)) request.headers = { ...noBody };
  // node:http creates no stream for a body without a length. Where a type is given Fastify would wait for the body,
  // and nothing would come.
  const isNeverEnded = payload.readableEnded && "content-type" in request.headers;
  done(null, isNeverEnded ? Readable.from([]) : payload);
};

function isNotFound({ is404, routeOptions, params }: FastifyRequest): boolean {
  const { operation, isClosedOff = false } = routeOptions.config;
  return is404 || isClosedOff || (operation !== undefined && lacksName(params as Record<string, string>));
}
