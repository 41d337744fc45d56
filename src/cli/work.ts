import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { AppTarget } from "../app/load/load.ts";
import { servedTaskDeclarations } from "../app/parts.ts";
import { type ResolvedSettings, resolveSettings } from "../app/settings/settings.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { listArounds } from "../http/arounds.ts";
import { OpenFiles } from "../http/connections/open-files.ts";
import { type HealthServer, openHealthServer } from "../http/health/health.ts";
import { type HealthStatus, healthStatus } from "../http/health/health-state.ts";
import { logStrayRejections } from "../http/lifecycle/listen.ts";
import { warnOfLittleMemory } from "../http/lifecycle/memory-room.ts";
import { closeOnSignals } from "../http/lifecycle/shutdown.ts";
import { Start } from "../http/lifecycle/start.ts";
import { createLogger, isForReading } from "../http/logs/logger.ts";
import { ownsOutput, takeOutput } from "../http/logs/own-output.ts";
import { openJobsOf, openLog } from "../http/open-app.ts";
import { openMetricsOf } from "../http/pages/metrics.ts";
import type { OpenJobs } from "../jobs/open.ts";
import type { LaneOptions, Lanes } from "../lanes/lanes.ts";
import { openWithLifespans } from "../lanes/open.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { openTracing } from "../tracing/open.ts";
import { runAtHand } from "../watch/around.ts";
import { openLoopWatch } from "../watch/loop-watch.ts";
import { appName, loadToServe, parseTarget } from "./declared-app.ts";
import { checkedLevel } from "./serving.ts";

/** Options of `offloop work`. */
export interface WorkOptions {
  readonly threads?: number;
  readonly concurrency?: number;
  readonly logLevel: string;
}

/** `offloop work`: works on an app's jobs until a signal ends it, and answers nothing but probes and metrics. */
export async function work(module: string, options: WorkOptions): Promise<void> {
  const { threads, concurrency } = options;
  const target = parseTarget(module);
  const log = createLogger(checkedLevel(options.logLevel));
  takeOutput(log);
  const app = await loadToServe(target);
  const settings = resolveSettings(app.settings, {
    ...(threads === undefined ? {} : { threads: { max: threads } }),
    ...(concurrency === undefined ? {} : { jobs: { concurrency } }),
  });
  const tasks = durableTasks(app);
  if (settings.jobs.url === undefined) throw embeddedError("offloop work", app);
  const end = (working: Working): Promise<void> =>
    working.stop(settings.shutdownGraceMs).finally(() => working.close());
  const working = await openUntilSignalled(app, { settings, target, log, isProbed: true }, end);
  logStrayRejections(log, runAtHand);
  if (tasks.some(({ lane }) => lane === "thread")) warnOfLittleMemory(log, settings.threads, working.threads);
  const lanes = tasks.map(({ name, lane }) => `${name} (${lane})`);
  log.info(`${appName(app)} works on ${lanes.join(", ")}`);
}

/**
 * Opens an app without a server, until a signal ends it. One that comes while it is being opened closes what is open.
 *
 * @param end - Ends it when a signal comes later.
 */
export async function openUntilSignalled(
  app: App,
  parts: WorkParts,
  end: (working: Working) => Promise<void>,
): Promise<Working> {
  const { settings, log } = parts;
  const opened = new AsyncDisposableStack();
  const start = new Start(settings.shutdownGraceMs, log, opened);
  const { noteUnclosed: onUnclosed } = closeOnSignals(start, log);
  try {
    const working = await openWork(app, { ...parts, onUnclosed }, opened, start.ending);
    start.succeed({ close: () => end(working), threadsLeft: () => working.threads });
    return working;
  } catch (error) {
    return start.fail(error);
  }
}

/** An app that works on its jobs. */
export interface Working {
  readonly jobs: OpenJobs;
  /** Number of threads. */
  readonly threads: number;
  /** Takes no more jobs, waits for the running ones, and breaks off the rest. */
  stop(graceMs: number): Promise<void>;
  /** Closes what was opened. */
  close(): Promise<void>;
}

/** How an app is opened to work on its jobs. */
interface WorkParts {
  readonly settings: ResolvedSettings;
  readonly target: AppTarget;
  readonly log: Logger;
  /** Whether it answers on `health.port`, which a process of the same app beside it may have. */
  readonly isProbed: boolean;
}

/**
 * @param opened - Collects what to close.
 * @param ending - Aborts when the start is to end: nothing more is opened, and it rejects.
 */
async function openWork(
  app: App,
  { settings, target, log: given, isProbed, onUnclosed }: WorkParts & Pick<LaneOptions, "onUnclosed">,
  opened: AsyncDisposableStack,
  ending: AbortSignal,
): Promise<Working> {
  const tracing = await openTracing();
  const log = openLog({ log: given, settings, ownsOutput: ownsOutput() }, tracing);
  const arounds = listArounds(app, { settings, log, tracing, debug: false });
  let working: Lanes | undefined;
  let metrics: Metrics | undefined;
  // First of all: a port that is not free costs no attempt, and a start that takes long can be told from one that failed.
  const probed = { settings, log, readLanes: () => working, readMetrics: () => metrics };
  const probes = isProbed ? await openWorkProbes(probed, opened) : undefined;
  ending.throwIfAborted();
  const laneOptions = { settings, target, log, arounds, ownsOutput: ownsOutput(), onUnclosed };
  const lanes = await openWithLifespans(app, laneOptions, opened, ending);
  ending.throwIfAborted();
  const watch = openLoopWatch(settings.watch, log, isForReading(log));
  opened.defer(() => watch?.close());
  const openFiles = new OpenFiles(log);
  opened.defer(() => openFiles.close());
  // Before the first job is taken, so that none ends uncounted.
  if (isProbed && settings.health?.port !== undefined)
    metrics = await openMetricsOf({ app, settings, lanes, openFiles, log, answers: false });
  opened.defer(() => metrics?.close());
  const jobs = (await openJobsOf(app, { settings, lanes, tracing, log, works: true })) as OpenJobs;
  opened.defer(() => jobs.close());
  ending.throwIfAborted();
  working = lanes;
  probes?.update();
  return {
    jobs,
    get threads() {
      return lanes.pool?.size.threads ?? 0;
    },
    stop: (graceMs) => {
      lanes.closing = true;
      return jobs.stop(graceMs);
    },
    close: () => opened.disposeAsync(),
  };
}

/** What the probes of a process that works on jobs are answered from. */
interface ProbedWork {
  readonly settings: ResolvedSettings;
  readonly log: Logger;
  /** Undefined while it does not work on jobs yet. */
  readLanes(): Lanes | undefined;
  /** Undefined while they are not open yet. */
  readMetrics(): Metrics | undefined;
}

/**
 * Answers the probes and the metrics of a process that serves nothing else, on `health.port` if the settings name one.
 *
 * @param opened - Collects what to close.
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
async function openWorkProbes(
  { settings, log, readLanes, readMetrics }: ProbedWork,
  opened: Pick<AsyncDisposableStack, "defer">,
): Promise<HealthServer | undefined> {
  const { health } = settings;
  if (health?.port === undefined) return undefined;
  const readStatus = (): HealthStatus => {
    const lanes = readLanes();
    return lanes === undefined ? "starting" : healthStatus(lanes, undefined);
  };
  const metricsPath = settings.metrics?.path;
  const host = "127.0.0.1";
  const server = await openHealthServer({ health, host, readStatus, metricsPath, readMetrics, log });
  opened.defer(() => server.close());
  log.info(`health at ${server.url}`);
  return server;
}

/** @throws {OffloopError} `OFFLOOP_TASK_NOT_DURABLE` when there are none. */
export function durableTasks(app: App): TaskDeclaration[] {
  const tasks = servedTaskDeclarations(app).filter(({ durable }) => durable !== undefined);
  if (tasks.length > 0) return tasks;
  throw new OffloopError(
    "OFFLOOP_TASK_NOT_DURABLE",
    "Cannot work on jobs: the app declares no durable task",
    { at: app.location, fix: 'declare one: app.task("resize", { durable: true }, fn)' },
  );
}

/** The error for several processes with jobs in a folder, which has a single owner. */
export function embeddedError(what: string, app: App): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOBS_OWNED",
    `Cannot use ${what} with embedded jobs: only the process that serves may have them open`,
    { at: app.location, fix: "set DATABASE_URL to a PostgreSQL that all processes share" },
  );
}
