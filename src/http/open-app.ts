import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { Override } from "../app/dependency.ts";
import type { AppTarget } from "../app/load/load.ts";
import { hasJobs, servedFrontends } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { OpenJobs, OpenJobsOptions } from "../jobs/open.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { openWithLifespans } from "../lanes/open.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { EarlyWorker } from "../threads/pool/worker.ts";
import { openTracing } from "../tracing/open.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { runAtHand } from "../watch/around.ts";
import { openLoopWatch } from "../watch/loop-watch.ts";
import type { Watch } from "../watch/watch.ts";
import { listArounds } from "./arounds.ts";
import type { Connections } from "./connections/connections.ts";
import { OpenFiles } from "./connections/open-files.ts";
import type { RequestAddresses } from "./failures.ts";
import type { Tls } from "./lifecycle/tls.ts";
import { isForReading, withoutSecrets, withTrace } from "./logs/logger.ts";
import { ownsOutput, type RunAtHand, takeOutput } from "./logs/own-output.ts";
import { checkFrontend } from "./pages/frontend.ts";
import { openMetricsOf } from "./pages/metrics.ts";
import { createServer, preloadFastify } from "./server.ts";
import { OpenSockets } from "./sockets/open-sockets.ts";
import { WayOut } from "./way-out.ts";

/** How an app is opened. */
export interface OpenAppOptions {
  readonly settings: ResolvedSettings;
  readonly target: AppTarget | undefined;
  readonly log: Logger;
  /** What a test substitutes for dependencies. */
  readonly overrides?: readonly Override[];
  /** Key and certificate for https; undefined for http. */
  readonly tls?: Tls | undefined;
  /** Whether each request is logged. */
  readonly accessLog: boolean;
  /** Whether browsers are shown the errors of operations, with their source. Never in production. */
  readonly debug?: boolean;
  /** Takes the warning of a front end that is not built; without it, the app is not opened. Default: `log` with `debug`. */
  readonly unbuilt?: Logger;
  /** Where to view a request; undefined without an inspector. */
  readonly inspector?: RequestAddresses | undefined;
  /** Whether this process works on jobs. Default true. */
  readonly worksOnJobs?: boolean;
  /** How a test keeps jobs. */
  readonly openJobs?: OpenJobsOf["open"];
  /** Called for what a lifespan throws while it closes, here or on a thread; the log has it in any case. */
  readonly onUnclosed?: (failure: unknown) => void;
  /** Whether everything the process writes becomes lines of its log. Default false. */
  readonly ownsOutput?: boolean;
  /** The worker of the first thread, if it was started already. */
  readonly early?: EarlyWorker | undefined;
  /** Aborts when the start is to end: nothing more is opened, and it rejects. */
  readonly ending?: AbortSignal;
}

/** An app that can answer requests but does not listen yet. */
export interface OpenApp {
  /** The log, as the settings configure it. */
  readonly log: Logger;
  readonly runAtHand: RunAtHand;
  readonly lanes: Lanes;
  readonly fastify: FastifyInstance;
  readonly connections: Connections;
  readonly wayOut: WayOut;
  readonly sockets: OpenSockets;
  /** Undefined when the loop is not watched, or cannot be. */
  readonly watch: Watch | undefined;
  /** Undefined when no task is durable. */
  readonly jobs: OpenJobs | undefined;
  /** Undefined when nothing is counted. */
  readonly metrics: Metrics | undefined;
}

/**
 * Opens everything an app needs: its lifespans, its lanes with what surrounds them, its server.
 *
 * @param opened - Collects what to close, in reverse order.
 */
export async function openApp(
  app: App,
  options: OpenAppOptions,
  opened: AsyncDisposableStack,
): Promise<OpenApp> {
  const { settings, tls, accessLog, debug = false, inspector, ending } = options;
  const tracing = await openTracing();
  const log = openLog(options, tracing);
  await checkFrontends(app, options.unbuilt ?? (debug ? log : undefined));
  const arounds = listArounds(app, { settings, log, tracing, debug, inspector });
  const laneOptions = { ...options, log, arounds, ownsOutput: ownsOutput() };
  const lanes = await openWithLifespans(app, laneOptions, opened, ending);
  ending?.throwIfAborted();
  preloadFastify();
  let watch: Watch | undefined;
  opened.defer(() => watch?.close());
  const openFiles = new OpenFiles(log);
  opened.defer(() => openFiles.close());
  // Before the first job is taken, so that none ends uncounted.
  const metrics = await openMetricsOf({ app, settings, lanes, openFiles, log, answers: true });
  opened.defer(() => metrics?.close());
  const { worksOnJobs: works = true, openJobs: open } = options;
  const jobs = await openJobsOf(app, { settings, lanes, tracing, log, works, open });
  opened.defer(() => jobs?.close());
  ending?.throwIfAborted();
  const wayOut = new WayOut(lanes);
  const sockets = new OpenSockets(settings.websockets);
  const { fastify, connections } = await createServer(app, {
    settings,
    log,
    lanes,
    jobs,
    wayOut,
    sockets,
    tracing,
    tls,
    accessLog,
    openFiles,
    metrics,
  });
  opened.defer(async () => {
    // A server that is shutting down is closing already; it is not waited for beyond its time.
    if (!lanes.closing) await fastify.close();
  });
  await lanes.ready;
  watch = openLoopWatch(settings.watch, log, isForReading(log)); // not before: it would take a core from the threads
  return { log, runAtHand, lanes, fastify, connections, wayOut, sockets, watch, jobs, metrics };
}

/**
 * The log as the settings configure it: without secrets, with spans named, and taking in whatever
 * else the process writes.
 */
export function openLog(
  { log: given, settings, ownsOutput: owns = false }: Pick<OpenAppOptions, "log" | "settings" | "ownsOutput">,
  tracing: Tracing | undefined,
): Logger {
  const trace = tracing && (() => tracing.logFields());
  const log = withTrace(withoutSecrets(given, settings.log.secrets), trace);
  if (owns) takeOutput(log, runAtHand);
  return log;
}

/**
 * In development the bundler may serve the front end, and tests of an API have no use for it. So it need not be built
 * there: that is only a warning.
 */
async function checkFrontends(app: App, warned: Logger | undefined): Promise<void> {
  for (const frontend of servedFrontends(app)) {
    try {
      await checkFrontend(frontend);
    } catch (error) {
      if (warned === undefined) throw error;
      const { code, message } = error as OffloopError;
      warned.warn({ code }, `${code}: ${message}`);
    }
  }
}

/** What the jobs of an app are opened with. */
export interface OpenJobsOf {
  readonly settings: ResolvedSettings;
  readonly lanes: Pick<Lanes, "attempts" | "ready">;
  readonly tracing: Tracing | undefined;
  readonly log: Logger;
  /** Whether this process works on jobs or only enqueues them. */
  readonly works: boolean;
  /** What a test opens in place of the real jobs. */
  readonly open?: ((options: OpenJobsOptions) => Promise<OpenJobs>) | undefined;
}

/** Opens an app's jobs if any of its tasks is durable; otherwise loads none of that code. */
export async function openJobsOf(
  app: App,
  { settings, lanes, tracing, log, works, open }: OpenJobsOf,
): Promise<OpenJobs | undefined> {
  if (!hasJobs(app)) return undefined;
  const openThem = open ?? (await import("../jobs/open.ts")).openJobs;
  await lanes.ready; // a job must not fail for an app that cannot start
  const trace = (): unknown => tracing?.packActive();
  return openThem({ app, settings: settings.jobs, lanes: lanes.attempts, trace, log, works });
}
