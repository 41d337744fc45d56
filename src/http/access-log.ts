import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Operation } from "../app/operation.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The operation behind a route. */
    operation?: Operation;
    /** Whether it, or something it needs, reads a form. */
    readsForm?: boolean;
    /** Whether its requests are left out of the log. */
    unlogged?: boolean;
  }
}

/** Logs a line for each request when its response has been sent. */
export function addAccessLog(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook("onResponse", (request, reply, done) => {
    const { operation, unlogged } = request.routeOptions.config;
    if (unlogged) return done();
    const { method, originalUrl: url } = request;
    const status = reply.raw.statusCode;
    const ms = Math.round(reply.elapsedTime * 1000) / 1000;
    log.info(
      { reqId: request.id, method, url, status, ms, lane: operation?.lane },
      `${method} ${url} ${status}`,
    );
    done();
  });
}
