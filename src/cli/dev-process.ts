import inspector from "node:inspector";
import type { App } from "../app/app.ts";
import { type ErrorCode, OffloopError } from "../errors/offloop-error.ts";
import { guardApp } from "../guard/check-app.ts";
import { listen, logStrayRejections } from "../http/lifecycle/listen.ts";
import type { Started } from "../http/lifecycle/start.ts";
import { createLogger, type LogLevel } from "../http/logs/logger.ts";
import { INSPECTOR_PATH } from "../http/pages/inspector.ts";
import type { ListenOptions } from "../http/serve-options.ts";
import { sitePaths } from "../openapi/site.ts";
import { runAtHand } from "../watch/around.ts";
import { appName, loadToServe, parseTarget } from "./declared-app.ts";
import { explained } from "./explained.ts";
import { type LoadedFile, onFileLoaded } from "./file-changes.ts";
import { type Serving, settingsOf, tlsOf } from "./serving.ts";

/** Data that the process of an app under development is started with. */
export interface DevProcessOptions extends Serving {
  readonly module: string;
  readonly logLevel: LogLevel;
}

/** Its messages to the process that reloads it. */
export type DevNews =
  | { readonly loaded: LoadedFile }
  | { readonly served: ServedApp }
  | { readonly failed: ErrorCode | undefined };

/** A listening app. */
export interface ServedApp {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly docsUrl: string | undefined;
  readonly redocUrl: string | undefined;
  readonly inspectorUrl: string;
}

/** How long requests and background tasks may continue when the app is reloaded or ended. */
const GRACE_MS = 2_000;

async function serveApp(options: DevProcessOptions): Promise<void> {
  onFileLoaded((loaded) => tell({ loaded }));
  const target = parseTarget(options.module);
  const logger = createLogger(options.logLevel, true);
  const app = await loadToServe(target);
  guardApp(app, logger);
  const server = await listen(
    app,
    { ...developmentOptions(app, options), logger, onStart: endWithParent },
    target,
  );
  logStrayRejections(logger, runAtHand);
  tell({ served: { ...linksOf(app, server.url), port: server.port } });
}

/** Ends the process when the one that started it says so, or has ended. */
function endWithParent(served: Started): void {
  const end = (): void =>
    void served.close().finally(() => {
      inspector.close(); // with a debugger attached, the process would wait until it detaches
      process.exit(0);
    });
  process.once("SIGTERM", end);
  process.once("disconnect", end);
  if (!process.connected) end();
}

/** The differences from `offloop run`. */
function developmentOptions(app: App, options: Serving): ListenOptions {
  const { host, port, socket, accessLog } = options;
  const { watch, shutdownGraceMs = GRACE_MS } = app.settings;
  return {
    host,
    port,
    ...(socket !== undefined && { socket }),
    accessLog,
    debug: true,
    inspector: true,
    signals: false,
    shutdownGraceMs: Math.min(shutdownGraceMs, GRACE_MS),
    ...tlsOf(options),
    ...settingsOf(options),
    ...(watch === false ? {} : { watch: { level: "development" } }),
  };
}

function linksOf(app: App, url: string): Omit<ServedApp, "port"> {
  const { docsUrl, redocUrl } = sitePaths(app);
  const linkTo = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : url + path;
  return {
    name: appName(app),
    url,
    docsUrl: linkTo(docsUrl),
    redocUrl: linkTo(redocUrl),
    inspectorUrl: url + INSPECTOR_PATH,
  };
}

function tell(news: DevNews): void {
  if (process.connected) process.send?.(news);
}

// Ctrl-C reaches every process of the terminal's group; this one is ended by the one that started it.
process.on("SIGINT", () => {});
try {
  await serveApp(JSON.parse(process.argv[2] as string) as DevProcessOptions);
} catch (error) {
  process.stderr.write(`${explained(error)}\n`);
  tell({ failed: error instanceof OffloopError ? error.code : undefined });
  process.exit(1);
}
