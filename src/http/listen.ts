import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import { integer } from "../app/integer.ts";
import { openLifespans } from "../app/lifespan.ts";
import type { AppTarget } from "../app/load.ts";
import { resolveSettings } from "../app/settings.ts";
import { describeError } from "../errors/described-error.ts";
import { bind } from "./bind.ts";
import { openHealthServer } from "./health.ts";
import { openLanes } from "./lanes.ts";
import { createLogger } from "./logger.ts";
import type { ServeOptions, Server } from "./serve-options.ts";
import { createServer } from "./server.ts";
import { closeOnSignals, createShutdown } from "./shutdown.ts";
import { logStrayRejections } from "./stray-rejections.ts";

/** Serves an app that threads find at `target`. What is opened here is closed in reverse. */
export async function listen(
  app: App,
  options: ServeOptions,
  target: AppTarget | undefined,
): Promise<Server> {
  const settings = resolveSettings(app.settings, options);
  const host = options.host ?? "127.0.0.1";
  const port = integer("port", options.port ?? 8000, 0, 65_535);
  const log = options.logger ?? createLogger(options.logLevel ?? "info");
  const opened = new AsyncDisposableStack();
  try {
    await openLifespan(app, log, opened);
    const lanes = await openLanes(app, settings, target, log);
    opened.defer(() => lanes.close());
    const health =
      settings.health?.port === undefined ? undefined : await openHealthServer(settings.health, host, lanes);
    opened.defer(async () => health?.close());
    const fastify = await createServer(app, lanes, settings, log, options.accessLog ?? true);
    const url = await bind(fastify, host, port);
    const close = createShutdown(fastify, lanes, settings.shutdownGraceMs, log, () => opened.disposeAsync());
    if (options.signals ?? true) {
      closeOnSignals(close, log);
      opened.defer(logStrayRejections(log));
    }
    return {
      url,
      port: (fastify.server.address() as AddressInfo).port,
      healthUrl: health?.url ?? (settings.health === undefined ? undefined : url),
      get threads() {
        return lanes.pool?.size ?? { threads: 0, busy: 0, waiting: 0 };
      },
      close,
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

async function openLifespan(app: App, log: Logger, opened: AsyncDisposableStack): Promise<void> {
  const close = await openLifespans(app.declaredLifespans("main"));
  opened.defer(async () => {
    for (const error of await close()) log.error({ err: describeError(error) }, "a lifespan failed to close");
  });
}
