import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { App } from "../app/app.ts";
import type { AppTarget } from "../app/load.ts";
import { integer, resolveSettings } from "../app/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { openLanes } from "./lanes.ts";
import { createLogger } from "./logger.ts";
import type { ServeOptions, Server } from "./serve-options.ts";
import { createServer } from "./server.ts";
import { closeOnSignals, createShutdown } from "./shutdown.ts";

/** Serves an app that threads find at `target`. */
export async function listen(
  app: App,
  options: ServeOptions,
  target: AppTarget | undefined,
): Promise<Server> {
  const settings = resolveSettings(app.settings, options);
  const host = options.host ?? "127.0.0.1";
  const port = integer("port", options.port ?? 8000, 0, 65_535);
  const log = options.logger ?? createLogger(options.logLevel ?? "info");
  const lanes = await openLanes(app, settings, target, log);
  try {
    const fastify = await createServer(app, lanes, settings, log, options.accessLog ?? true);
    const url = await bind(fastify, host, port);
    const close = createShutdown(fastify, lanes, settings.shutdownGraceMs, log);
    if (options.signals ?? true) closeOnSignals(close, log);
    return {
      url,
      port: (fastify.server.address() as AddressInfo).port,
      get threads() {
        return lanes.pool?.size ?? { threads: 0, busy: 0, waiting: 0 };
      },
      close,
    };
  } catch (error) {
    await lanes.close();
    throw error;
  }
}

async function bind(fastify: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await fastify.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !(code in reasons)) throw cause;
    throw new OffloopError("OFFLOOP_PORT_UNAVAILABLE", `Cannot listen on ${host}:${port}: ${reasons[code]}`, {
      fix:
        code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
          ? "give an address of this machine, like 127.0.0.1"
          : "stop what uses it, or give another port",
      cause,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there",
  EACCES: "this user may not",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the name is not known",
};
