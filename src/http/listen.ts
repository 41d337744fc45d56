import type { AddressInfo } from "node:net";
import type { App } from "../app/app.ts";
import { integer } from "../app/integer.ts";
import type { AppTarget } from "../app/load.ts";
import { resolveSettings } from "../app/settings.ts";
import { noThreads } from "../threads/pool-size.ts";
import { bind } from "./bind.ts";
import { openHealthServer } from "./health.ts";
import type { InspectorSetting, ServedInspector } from "./inspector.ts";
import { createLogger } from "./logger.ts";
import { openApp } from "./open-app.ts";
import type { ListenOptions, Server } from "./serve-options.ts";
import { closeOnSignals, createShutdown } from "./shutdown.ts";
import { logStrayRejections } from "./stray-rejections.ts";

/** Serves an app that threads find at `target`. What is opened here is closed in reverse. */
export async function listen(
  app: App,
  options: ListenOptions,
  target: AppTarget | undefined,
): Promise<Server> {
  const settings = resolveSettings(app.settings, options);
  const host = options.host ?? "127.0.0.1";
  const port = integer("port", options.port ?? 8000, 0, 65_535);
  const log = options.logger ?? createLogger(options.logLevel ?? "info");
  const opened = new AsyncDisposableStack();
  let letSignalsBe: (() => void) | undefined;
  opened.defer(async () => letSignalsBe?.()); // last of all: until then a second signal ends the process
  try {
    const { accessLog = true, debug = false } = options;
    const inspector = options.inspector ? await openInspectorFor(app.title, options.inspector) : undefined;
    opened.defer(() => inspector?.close());
    const { lanes, fastify } = await openApp(app, { settings, target, log, accessLog, debug }, opened);
    inspector?.addTo(fastify);
    const health =
      settings.health?.port === undefined ? undefined : await openHealthServer(settings.health, host, lanes);
    opened.defer(async () => health?.close());
    const url = await bind(fastify, host, port);
    const close = createShutdown(fastify, lanes, settings.shutdownGraceMs, log, () => opened.disposeAsync());
    if (options.signals ?? true) {
      letSignalsBe = closeOnSignals(close, log, () => lanes.pool?.size.threads ?? 0);
      opened.defer(logStrayRejections(log));
    }
    return {
      url,
      port: (fastify.server.address() as AddressInfo).port,
      healthUrl: health?.url ?? (settings.health === undefined ? undefined : url),
      get threads() {
        return lanes.pool?.size ?? noThreads;
      },
      close,
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** Loaded by those who ask for it. */
async function openInspectorFor(title: string, setting: InspectorSetting): Promise<ServedInspector> {
  const { serveInspector } = await import("./inspector.ts");
  return serveInspector(title, setting);
}
