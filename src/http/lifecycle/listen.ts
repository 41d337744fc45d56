import type { Logger } from "pino";
import type { App } from "../../app/app.ts";
import type { AppTarget } from "../../app/load/load.ts";
import { isEmpty } from "../../app/parts.ts";
import { emptyApp } from "../../app/served.ts";
import { type ResolvedSettings, resolveSettings } from "../../app/settings/settings.ts";
import { isSupervised } from "../../app/settings/supervision.ts";
import { describeError, loggable } from "../../errors/described-error.ts";
import { nextTurn } from "../../errors/timers.ts";
import { noThreads } from "../../threads/pool/pool.ts";
import type { EarlyWorker } from "../../threads/pool/worker.ts";
import { type HealthServer, openHealthServer } from "../health/health.ts";
import { type HealthStatus, healthStatus } from "../health/health-state.ts";
import { createLogger } from "../logs/logger.ts";
import { ownsOutput, type RunAtHand } from "../logs/own-output.ts";
import { type OpenApp, type OpenAppOptions, openApp } from "../open-app.ts";
import type { InspectorSetting, ServedInspector } from "../pages/inspector.ts";
import type { ListenOptions, Server } from "../serve-options.ts";
import { bind, type Place, placeOf, portOf } from "./bind.ts";
import { warnOfLittleMemory } from "./memory-room.ts";
import { closeOnSignals, createShutdown, type OwnProcess } from "./shutdown.ts";
import { Start } from "./start.ts";
import { startEarly } from "./start-early.ts";
import { answerPrimary } from "./supervised.ts";
import { keepTickShape } from "./ticks.ts";
import { readTls } from "./tls.ts";

/** A client that keeps its connection but uses it less often than this may be writing to it when it is closed. */
const LINGER_MS = 5_000;

/**
 * Serves an app that threads find at `target`. Everything opened here is closed in reverse order.
 *
 * @param early - The worker of the first thread, if it was started already.
 */
export async function listen(
  app: App,
  options: ListenOptions,
  target: AppTarget | undefined,
  early: EarlyWorker | undefined = startEarly(app, options),
): Promise<Server> {
  keepTickShape();
  try {
    return await listenWith(app, options, target, early);
  } finally {
    await early?.close(); // unless a pool has taken it
  }
}

async function listenWith(
  app: App,
  options: ListenOptions,
  target: AppTarget | undefined,
  early: EarlyWorker | undefined,
): Promise<Server> {
  const settings = resolveSettings(app.settings, options);
  const place = placeOf(options);
  const tls = readTls(options.tls);
  const log = options.logger ?? createLogger(options.logLevel ?? "info");
  const ownsProcess = options.signals ?? true;
  const ownsAll = ownsOutput() || (ownsProcess && process.env.NODE_ENV === "production");
  const opened = new AsyncDisposableStack();
  const start = new Start(settings.shutdownGraceMs, log, opened);
  const own = ownsProcess ? closeOnSignals(start, log) : undefined;
  options.onStart?.(start);
  let letBe = async (): Promise<void> => own?.letSignalsBe();
  // This must come last. Until then a second signal ends the process, and a primary can tell that it is not hung.
  opened.defer(() => letBe());
  try {
    const onUnclosed = (): void => own?.noteUnclosed();
    const parts = { settings, target, place, log, tls, ownsOutput: ownsAll, early, onUnclosed };
    const { served, url, healthUrl } = await openServer(app, options, parts, {
      opened,
      ending: start.ending,
    });
    const { lanes, fastify } = served;
    const shutDown = createShutdown(served, settings.shutdownGraceMs, log, () => opened.disposeAsync());
    start.succeed({ close: shutDown, threadsLeft: () => lanes.pool?.size.threads ?? 0 });
    if (lanes.pool !== undefined) warnOfLittleMemory(log, settings.threads, lanes.pool.size.threads);
    if (own !== undefined) letBe = ownProcess(own, served, shutDown);
    return {
      url,
      port: portOf(fastify),
      healthUrl: healthUrl ?? (settings.health?.port === undefined && settings.health ? url : undefined),
      get threads() {
        return lanes.pool?.size ?? noThreads;
      },
      close: shutDown,
    };
  } catch (error) {
    return start.fail(error);
  }
}

/** What a server is opened with, in addition to its options. */
interface ListenParts
  extends Pick<
    OpenAppOptions,
    "settings" | "target" | "log" | "tls" | "ownsOutput" | "early" | "onUnclosed"
  > {
  readonly place: Place;
}

/** A server that listens. */
interface Listening {
  readonly served: OpenApp;
  readonly url: string;
  /** Undefined where probes have no port of their own. */
  readonly healthUrl: string | undefined;
}

/**
 * Opens everything that answers, and listens.
 *
 * @param opened - Collects what to close.
 * @param ending - Aborts when the start is to end: nothing more is opened, and it rejects.
 */
async function openServer(
  app: App,
  options: ListenOptions,
  { place, ...parts }: ListenParts,
  { opened, ending }: { readonly opened: AsyncDisposableStack; readonly ending: AbortSignal },
): Promise<Listening> {
  const { settings, log, tls } = parts;
  const { accessLog = true, debug = false, work = true } = options;
  const inspector = options.inspector ? await openInspectorFor(app.title, options.inspector) : undefined;
  opened.defer(() => inspector?.close());
  let ready: OpenApp | undefined;
  const health = isSupervised ? undefined : await openHealthPort({ settings, place, log, read: () => ready });
  opened.defer(async () => health?.close());
  ending.throwIfAborted();
  const wanted = { ...parts, accessLog, debug, inspector, ending, worksOnJobs: work };
  const served = await openApp(app, wanted, opened);
  warnOfEmptiness(app, log);
  const { lanes, fastify, jobs } = served;
  inspector?.addTo(fastify, {
    jobs: jobs?.jobs,
    log,
    readPool: () => lanes.pool,
    maxThreads: settings.threads.max + settings.threads.reserve,
  });
  const url = (await bind(fastify, place)).replace(/^https?/, tls === undefined ? "http" : "https");
  ending.throwIfAborted();
  ready = served;
  health?.update();
  inspector?.listensAt(url);
  return { served, url, healthUrl: health?.url };
}

/** Most often a function adds operations that the module does not await. */
function warnOfEmptiness(app: App, log: Logger): void {
  if (!isEmpty(app)) return;
  const { code, message } = emptyApp(app);
  log.warn({ code }, `${code}: ${message}`);
}

/**
 * What a process that belongs to the server does for it beyond signals.
 *
 * @returns Stops it, and lets signals be.
 */
function ownProcess(
  own: OwnProcess,
  { lanes, jobs, log, runAtHand }: OpenApp,
  shutDown: (lingerMs?: number) => Promise<void>,
): () => Promise<void> {
  const leave = (): void => {
    void shutDown(LINGER_MS);
    own.end("another worker has taken over");
  };
  const end = (): void => own.end("all workers end");
  const answerNoMore = answerPrimary(() => healthStatus(lanes, jobs), { leave, end });
  const logNoMore = logStrayRejections(log, runAtHand);
  return async () => {
    own.letSignalsBe();
    answerNoMore();
    await nextTurn(); // Node tells of a rejected promise only once this turn is over
    logNoMore();
  };
}

interface HealthPort {
  readonly settings: ResolvedSettings;
  readonly place: Place;
  readonly log: Logger;
  /** Undefined until it listens. */
  read(): OpenApp | undefined;
}

/** Answers probes on a port of their own if the settings name one. With a primary, that one does. */
async function openHealthPort({
  settings: { health, metrics },
  place: { host },
  log,
  read,
}: HealthPort): Promise<HealthServer | undefined> {
  if (health?.port === undefined) return undefined;
  const readStatus = (): HealthStatus => {
    const app = read();
    return app === undefined ? "starting" : healthStatus(app.lanes, app.jobs);
  };
  const readMetrics = (): OpenApp["metrics"] => read()?.metrics;
  const server = await openHealthServer({
    health,
    host,
    readStatus,
    metricsPath: metrics?.path,
    readMetrics,
    log,
  });
  log.info(`health at ${server.url}`);
  return server;
}

/** Loaded only by those who ask for it. */
async function openInspectorFor(title: string, setting: InspectorSetting): Promise<ServedInspector> {
  const { serveInspector } = await import("../pages/inspector.ts");
  return serveInspector(title, setting);
}

/**
 * Logs rejected promises that nobody awaits. They would otherwise end the process and lose everybody's requests;
 * asyncio treats them the same way. Returns the function that stops logging them.
 *
 * @param about - Names whose promise it was.
 */
export function logStrayRejections(log: Logger, about: RunAtHand): () => void {
  const onRejection = (reason: unknown): void => {
    const error = describeError(reason);
    log.error(
      { ...about(), err: loggable(error) },
      `a promise that nobody awaits was rejected: ${error.message}`,
    );
  };
  process.on("unhandledRejection", onRejection);
  return () => void process.off("unhandledRejection", onRejection);
}
