import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Operation } from "../app/operation.ts";
import { CLIENT_CLOSED_REQUEST } from "../operation/error-reply.ts";
import type { LoggedUrls } from "./logged-url.ts";
import { outcomeOf } from "./streams.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The operation behind a route. */
    operation?: Operation;
    /** Whether it, or something it needs, reads a form. */
    readsForm?: boolean;
    /** Largest multipart form it takes, in bytes. */
    maxFormBytes?: number;
    /** Whether it stands for all that an app does not answer. */
    isClosedOff?: boolean;
    /** Whether it is asked by those who operate the server: nothing of the app's stands around it. */
    isForOperators?: boolean;
    /** Whether its requests are left out of the log. */
    unlogged?: boolean;
  }
}

const remarks = { sent: "", gone: ", the client has gone", broken: ", its stream broke off" };

/** Logs a line for each request when its response has been sent, or its client has gone. */
export function addAccessLog(fastify: FastifyInstance, log: Logger, urls: LoggedUrls): void {
  fastify.addHook("onRequest", (request, { raw }, done) => {
    const { operation, unlogged } = request.routeOptions.config;
    if (unlogged) return done();
    const start = performance.now();
    // Fastify's own hook is not called for a client that goes.
    raw.once("close", () => {
      const { method } = request;
      const url = urls.of(request.originalUrl, operation);
      const isSocket = raw.statusCode === 101;
      const status = raw.headersSent || isSocket ? raw.statusCode : CLIENT_CLOSED_REQUEST;
      const ms = Math.round((performance.now() - start) * 1000) / 1000;
      const outcome = isSocket ? "sent" : outcomeOf(raw);
      log.info(
        {
          reqId: request.id,
          method,
          url,
          status,
          ms,
          lane: operation?.lane,
          ...(outcome === "gone" ? { clientGone: true } : {}),
          ...(outcome === "broken" ? { brokeOff: true } : {}),
        },
        `${method} ${url} ${status}${remarks[outcome]}`,
      );
    });
    done();
  });
}
