import { availableParallelism } from "node:os";
import type { ResourceLimits } from "node:worker_threads";
import type { BlockReport } from "../channels/channels.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import type { InputSettings } from "./input-settings.ts";
import { integer, type Range } from "./integer.ts";
import { type LogSettings, logSettingNames, type ResolvedLog, resolveLog } from "./log-settings.ts";
import { checkOptionNames } from "./option-names.ts";
import { resolveRootPath, resolveTrustProxy, type TrustProxy } from "./proxy.ts";
import {
  type ResolvedSession,
  resolveSession,
  type SessionSettings,
  sessionSettingNames,
} from "./session.ts";

/** The thread pool's settings. */
export interface ThreadSettings {
  /** Threads for plain functions. Integer, 1-256. Default `min(32, cores + 4)`, the rule of Python's ThreadPoolExecutor. */
  readonly max?: number;
  /**
   * Threads that start with the server, and stay, so that the first calls need not wait for a thread to load the app.
   * With `max + reserve`, those of the reserve are there, too. Integer, 1-`max + reserve`. Default 1.
   */
  readonly min?: number;
  /**
   * Threads beyond `max` that only short requests may use, so that they never wait behind slow ones.
   * Integer, 0-64. Default 1.
   */
  readonly reserve?: number;
  /**
   * How far threads yield to the event loop when both want the processor: a nice value, 0 (not at all) to 19, or
   * `"idle"`, which leaves them only what nothing else in the container wants. `"idle"` needs the program `chrt`, and is
   * 19 without it. It has an effect only on Linux. A process that a thread starts inherits it. Default 10.
   */
  readonly priority?: number | "idle";
  /** How long a thread may idle before it leaves; `min` of them stay. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly idleMs?: number;
  /**
   * A call without a deadline that runs longer than this is logged; while every thread runs such a call, the server is
   * not ready. Milliseconds, 100-86,400,000. Default 30,000.
   */
  readonly longRunMs?: number;
  /**
   * Requests that may wait for a thread; more are answered with 503 and `Retry-After`. Integer,
   * 0-1,000,000. Default 1,000.
   */
  readonly maxQueue?: number;
  /** Background tasks that may wait for a thread; any more fail and are logged. Integer, 0-1,000,000. Default 10,000. */
  readonly maxBackgroundQueue?: number;
  /** Memory limits of each thread, as in `node:worker_threads`. Default: Node's own. */
  readonly resourceLimits?: ResourceLimits;
}

/** A nice value, 0-19, or Linux's `SCHED_IDLE`, the class of what runs when nothing else wants the processor. */
export type ThreadPriority = Required<ThreadSettings>["priority"];

/** Deadlines for operations and tasks that have none of their own. */
export interface TimeoutSettings {
  /** Deadline for operations, from the start of their run. Milliseconds, 1-86,400,000. Default none. */
  readonly operationMs?: number;
  /** Deadline for tasks. Milliseconds, 1-86,400,000. Default none. */
  readonly taskMs?: number;
}

/** Limits on clients. */
export interface ConnectionSettings {
  /**
   * Largest request head, including the URL, in bytes; larger ones are answered with 431. Integer, 1,024-1,048,576.
   * Default 16 KiB.
   */
  readonly maxHeaderBytes?: number;
  /**
   * How long a client may take to send a request's head; after that the answer is 408. Milliseconds, 1-3,600,000.
   * Default 15,000.
   */
  readonly headersTimeoutMs?: number;
  /**
   * How long a client may take to send a whole request; after that the answer is 408. Milliseconds, 1-3,600,000.
   * Default 300,000.
   */
  readonly requestTimeoutMs?: number;
  /** How long to keep an idle connection. Milliseconds, 1-3,600,000. Default 72,000. */
  readonly keepAliveTimeoutMs?: number;
  /**
   * Requests of one connection that may run before an earlier one has been answered; the rest wait their turn. Integer,
   * 1-10,000. Default 64.
   */
  readonly maxPipelined?: number;
}

/** Limits on websockets. */
export interface WebSocketSettings {
  /**
   * Largest message from a client, in bytes; a larger one closes the socket with 1009. Integer, 1-1,073,741,824.
   * Default 1 MiB.
   */
  readonly maxMessageBytes?: number;
  /**
   * Messages of a socket that may wait to be handled; at this number nothing more is read, which slows the client down.
   * What a single read brings may exceed it. Integer, 1-100,000. Default 32.
   */
  readonly maxQueuedMessages?: number;
  /**
   * How much is buffered of a socket's messages that its client has not taken yet, in bytes; beyond that the socket is
   * closed with 1008. Awaited sends never get there. Integer, 1,024-1,073,741,824. Default 1 MiB.
   */
  readonly maxBufferBytes?: number;
  /**
   * How long a client may be silent. Halfway it is sent a ping; it is taken for gone if nothing has come by the end.
   * Milliseconds, 100-86,400,000. Default 40,000.
   */
  readonly idleMs?: number;
}

/** Where the health probes are. */
export interface HealthSettings {
  /** Path of the liveness probe. Default `"/livez"`. */
  readonly livez?: string;
  /** Path of the readiness probe. Default `"/readyz"`. */
  readonly readyz?: string;
  /**
   * A port of its own, answered even while the loop is blocked: by a thread of its own, or with `--workers` by the
   * primary, for all workers. `offloop work` answers there, too, and so do the metrics. Default: the app's port.
   */
  readonly port?: number;
  /** Address for `port`. Default: the server's, or `"127.0.0.1"` for `offloop work` and on a Unix socket. */
  readonly host?: string;
}

/** How the jobs of durable tasks are stored and worked on. */
export interface JobsSettings {
  /**
   * URL of the PostgreSQL server that stores them. Default: the environment's `DATABASE_URL` if it begins with
   * `postgres:` or `postgresql:`; without one they are embedded.
   */
  readonly url?: string;
  /** Folder of embedded jobs, which one process at a time opens. Default `".offloop/jobs"`. */
  readonly dir?: string;
  /** Schema that stores them. Lower-case letters, digits and underscores. Default `"offloop"`. */
  readonly schema?: string;
  /**
   * Jobs that this process works on at once, on each lane; on threads, no more than there are threads. Integer,
   * 1-1,000. Default 10.
   */
  readonly concurrency?: number;
  /** How often to look for due jobs: retries and delayed ones. Milliseconds, 100-60,000. Default 1,000. */
  readonly pollMs?: number;
  /** How long a cancelled job may continue before its thread is ended. Milliseconds, 0-86,400,000. Default 1,000. */
  readonly cancelGraceMs?: number;
}

/** The same with defaults filled in; without a URL they are embedded. */
export type ResolvedJobs = Required<Omit<JobsSettings, "url">> &
  Pick<JobsSettings, "url"> & {
    /** Set where the app has chosen its folder, so that embedded jobs are meant. */
    readonly isDirGiven?: true;
  };

/** How an app is served, set on the app or where it is served; the latter takes precedence. */
export interface ServerSettings {
  /** The thread pool. */
  readonly threads?: ThreadSettings;
  /** Deadlines for operations and tasks that have none of their own. */
  readonly timeouts?: TimeoutSettings;
  /** Limits on clients. */
  readonly connections?: ConnectionSettings;
  /** Limits on websockets. */
  readonly websockets?: WebSocketSettings;
  /** Health probes; `true` for the default paths. Default: none. */
  readonly health?: HealthSettings | boolean;
  /** Metrics in the Prometheus text format; `true` for `/metrics`. Default: none. */
  readonly metrics?: MetricsSettings | boolean;
  /**
   * The prefix that proxies put before the paths of this app, like `"/api/v1"`; uvicorn's `--root-path`. Requests are
   * answered with it and without it, since some proxies cut it off before they forward. Default none.
   */
  readonly rootPath?: string;
  /**
   * Which proxies to trust when their `X-Forwarded-For`, `-Proto` and `-Host` say who asks, and for which URL: their
   * addresses, subnets like `"10.0.0.0/8"`, or `"loopback"`, `"linklocal"` and `"uniquelocal"`. `"unix"` stands for
   * whoever connects through the Unix socket that the server listens on. True trusts any client, and all that they claim,
   * which is safe only where nobody but proxies can connect. Default false, since anyone else can set these headers. A
   * proxy must set all three: those that it only passes on come from the client.
   */
  readonly trustProxy?: TrustProxy;
  /** What to leave out of the log. */
  readonly log?: LogSettings;
  /**
   * Largest request body in bytes; larger ones are answered with 413. On the event loop the limit is smaller:
   * `inputs.maxLoopBodyBytes`. Integer, 1-1,073,741,824. Default 10 MiB.
   */
  readonly maxBodyBytes?: number;
  /** Limits on reading and checking a request, and on how much a 422 reports. */
  readonly inputs?: InputSettings;
  /** How long shutdown waits for requests and background tasks. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly shutdownGraceMs?: number;
  /**
   * A worker of `offloop run --workers` that does not answer its primary for this long is ended and replaced, and so is
   * one that takes this much longer to start than any before it. Milliseconds, 1,000-86,400,000. Default 30,000.
   */
  readonly hungWorkerMs?: number;
  /** The watchdog of the event loop; false turns it off. Default: on. */
  readonly watch?: WatchSettings | false;
  /** The jobs of durable tasks. */
  readonly jobs?: JobsSettings;
  /** Sessions, in a signed cookie. Default: none. */
  readonly session?: SessionSettings;
}

/** Settings with every default filled in. */
export interface ResolvedSettings {
  readonly threads: Required<ThreadSettings>;
  readonly timeouts: { readonly operationMs: number | undefined; readonly taskMs: number | undefined };
  readonly connections: Required<ConnectionSettings>;
  readonly websockets: Required<WebSocketSettings>;
  readonly health:
    | (Required<Omit<HealthSettings, "port" | "host">> & Pick<HealthSettings, "port" | "host">)
    | undefined;
  readonly metrics: ResolvedMetrics | undefined;
  /** Without a trailing slash; empty for none. */
  readonly rootPath: string;
  readonly trustProxy: TrustProxy;
  readonly log: ResolvedLog;
  readonly maxBodyBytes: number;
  readonly inputs: Required<InputSettings>;
  readonly shutdownGraceMs: number;
  readonly hungWorkerMs: number;
  /** Undefined: no watchdog. */
  readonly watch: ResolvedWatch | undefined;
  readonly jobs: ResolvedJobs;
  /** Undefined: no sessions. */
  readonly session: ResolvedSession | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MiB = 1_048_576;
const GiB = 1_024 * MiB;

/**
 * Fills in defaults: later settings take precedence over earlier ones, option by option. docs/settings.md gives the
 * reasons.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range.
 */
export function resolveSettings(...layers: readonly ServerSettings[]): ResolvedSettings {
  const top = merged(layers);
  const bound = boundsOf(top);
  const timeouts = merged(layers.map((layer) => layer.timeouts ?? {}));
  const health = resolveHealth(top.health ?? false);
  const metrics = resolveMetrics(top.metrics ?? false);
  checkOperatorPaths({ health, metrics });
  return {
    threads: resolveThreads(merged(layers.map((layer) => layer.threads ?? {}))),
    timeouts: {
      operationMs: timeoutMs("timeouts.operationMs", timeouts.operationMs),
      taskMs: timeoutMs("timeouts.taskMs", timeouts.taskMs),
    },
    connections: resolveConnections(merged(layers.map((layer) => layer.connections ?? {}))),
    websockets: resolveWebSockets(merged(layers.map((layer) => layer.websockets ?? {}))),
    health,
    metrics,
    rootPath: resolveRootPath(top.rootPath ?? ""),
    trustProxy: resolveTrustProxy(top.trustProxy ?? false),
    log: resolveLog(merged(layers.map((layer) => layer.log ?? {})), askedByMachines({ health, metrics })),
    maxBodyBytes: bound("maxBodyBytes", 10 * MiB, [1, GiB]),
    inputs: resolveInputs(merged(layers.map((layer) => layer.inputs ?? {}))),
    shutdownGraceMs: bound("shutdownGraceMs", 30_000, [0, DAY_MS]),
    hungWorkerMs: bound("hungWorkerMs", 30_000, [1_000, DAY_MS]),
    watch: top.watch === false ? undefined : resolveWatch(merged(layers.map(({ watch }) => watch || {}))),
    jobs: resolveJobs(merged(layers.map(({ jobs }) => jobs ?? {}))),
    session: resolveSession(sessionOf(layers)),
  };
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
type Bound<Settings> = (name: keyof Settings & string, byDefault: number, range: Range) => number;

/** Reads the numbers of settings that belong together. */
function boundsOf<Settings extends object>(settings: Settings, group = ""): Bound<Settings> {
  return (name, byDefault, range) => integer(group + name, settings[name] ?? byDefault, range);
}

function resolveThreads(threads: ThreadSettings): Required<ThreadSettings> {
  const bound = boundsOf(threads, "threads.");
  const max = bound("max", Math.min(32, availableParallelism() + 4), [1, 256]);
  const reserve = bound("reserve", 1, [0, 64]);
  return {
    max,
    min: bound("min", 1, [1, max + reserve]),
    reserve,
    priority: resolvePriority(threads.priority ?? 10),
    idleMs: bound("idleMs", 30_000, [0, DAY_MS]),
    longRunMs: bound("longRunMs", 30_000, [100, DAY_MS]),
    maxQueue: bound("maxQueue", 1_000, [0, 1_000_000]),
    maxBackgroundQueue: bound("maxBackgroundQueue", 10_000, [0, 1_000_000]),
    resourceLimits: resolveLimits(threads.resourceLimits ?? {}),
  };
}

/** Node takes a limit that is none for no limit. */
function resolveLimits(limits: ResourceLimits): ResourceLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined || (typeof value === "number" && value > 0)) continue;
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use threads.resourceLimits.${name}: expected a number of MiB above 0, got ${shownValue(value)}`,
      { fix: `set it like ${name}: 512, or leave it out` },
    );
  }
  return limits;
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for another word, or a number outside its range. */
function resolvePriority(priority: ThreadPriority): ThreadPriority {
  if (priority === "idle" || (Number.isInteger(priority) && priority >= 0 && priority <= 19)) return priority;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use threads.priority: expected an integer from 0 to 19 or "idle", got ${shownValue(priority)}`,
    { fix: "set threads.priority to one of them, or leave it out" },
  );
}

/**
 * On a port of its own, a path that no request can have would be a probe that always fails.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless each is a path, and no other's.
 */
function checkOperatorPaths({ health, metrics }: Pick<ResolvedSettings, "health" | "metrics">): void {
  const settings = new Map<unknown, string>();
  for (const [setting, path] of [
    ["health.livez", health?.livez],
    ["health.readyz", health?.readyz],
    ["metrics.path", metrics?.path],
  ] as const) {
    if (path === undefined) continue;
    const isPath = typeof path === "string" && /^\/[^:*?#\s]*$/.test(path);
    const first = settings.get(path);
    settings.set(path, setting);
    if (isPath && first === undefined) continue;
    const expected = first === undefined ? "a path without parameters" : `a path other than that of ${first}`;
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use ${setting}: expected ${expected}, got ${shownValue(path)}`,
      {
        fix: `write it like "/internal/${setting.slice(setting.indexOf(".") + 1)}", or leave ${setting} out`,
      },
    );
  }
}

/** The paths of an app that only probes and scrapers ask for, over and over. */
function askedByMachines({ health, metrics }: Pick<ResolvedSettings, "health" | "metrics">): string[] {
  const probes = health === undefined || health.port !== undefined ? [] : [health.livez, health.readyz];
  return metrics === undefined ? probes : [...probes, metrics.path];
}

function sessionOf(layers: readonly ServerSettings[]): SessionSettings | undefined {
  const given = layers.flatMap(({ session }) => session ?? []);
  return given.length === 0 ? undefined : (merged(given) as SessionSettings);
}

/** Whether a URL names a PostgreSQL. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

function resolveJobs(jobs: JobsSettings): ResolvedJobs {
  const { DATABASE_URL = "" } = process.env;
  // A URL for another kind of database may well have that name.
  const url = jobs.url ?? (isPostgres(DATABASE_URL) ? DATABASE_URL : undefined);
  const schema = jobs.schema ?? "offloop";
  if (!/^[a-z_][a-z0-9_]{0,49}$/.test(schema)) {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use jobs.schema: expected lower-case letters, digits and underscores, got ${shownValue(schema)}`,
      { fix: 'name it like "offloop"' },
    );
  }
  const bound = boundsOf(jobs, "jobs.");
  return {
    ...(url === undefined ? {} : { url }),
    dir: jobs.dir ?? ".offloop/jobs",
    ...(jobs.dir === undefined ? {} : { isDirGiven: true }),
    schema,
    concurrency: bound("concurrency", 10, [1, 1_000]),
    pollMs: bound("pollMs", 1_000, [100, 60_000]),
    cancelGraceMs: bound("cancelGraceMs", 1_000, [0, DAY_MS]),
  };
}

function resolveConnections(connections: ConnectionSettings): Required<ConnectionSettings> {
  const bound = boundsOf(connections, "connections.");
  return {
    maxHeaderBytes: bound("maxHeaderBytes", 16_384, [1_024, MiB]),
    headersTimeoutMs: bound("headersTimeoutMs", 15_000, [1, HOUR_MS]),
    requestTimeoutMs: bound("requestTimeoutMs", 300_000, [1, HOUR_MS]),
    keepAliveTimeoutMs: bound("keepAliveTimeoutMs", 72_000, [1, HOUR_MS]),
    maxPipelined: bound("maxPipelined", 64, [1, 10_000]),
  };
}

function resolveWebSockets(websockets: WebSocketSettings): Required<WebSocketSettings> {
  const bound = boundsOf(websockets, "websockets.");
  return {
    maxMessageBytes: bound("maxMessageBytes", MiB, [1, GiB]),
    maxQueuedMessages: bound("maxQueuedMessages", 32, [1, 100_000]),
    maxBufferBytes: bound("maxBufferBytes", MiB, [1_024, GiB]),
    idleMs: bound("idleMs", 40_000, [100, DAY_MS]),
  };
}

const MANY_VALUES = 100_000_000;

function resolveInputs(inputs: InputSettings): Required<InputSettings> {
  const bound = boundsOf(inputs, "inputs.");
  return {
    maxLoopBodyBytes: bound("maxLoopBodyBytes", MiB, [1, GiB]),
    maxLoopValues: bound("maxLoopValues", 50_000, [1, MANY_VALUES]),
    maxValues: bound("maxValues", 1_000_000, [1, MANY_VALUES]),
    maxDepth: bound("maxDepth", 200, [1, 1_000]),
    maxNames: bound("maxNames", 1_000, [1, 1_000_000]),
    maxMistakes: bound("maxMistakes", 100, [1, 100_000]),
    maxEchoedChars: bound("maxEchoedChars", 1_024, [0, MiB]),
  };
}

function resolveHealth(health: HealthSettings | boolean): ResolvedSettings["health"] {
  if (health === false) return undefined;
  const { livez = "/livez", readyz = "/readyz", port, host } = health === true ? {} : health;
  if (port !== undefined) integer("health.port", port, [0, 65_535]);
  return { livez, readyz, ...(port === undefined ? {} : { port }), ...(host === undefined ? {} : { host }) };
}

function merged<T extends object>(layers: readonly T[]): Partial<T> {
  const said = layers.flatMap((layer) => Object.entries(layer).filter(([, value]) => value !== undefined));
  return Object.fromEntries(said) as Partial<T>;
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is a deadline or absent. */
export function timeoutMs(name: string, value: unknown, at?: SourceLocation): number | undefined {
  return value === undefined ? undefined : integer(name, value, [1, DAY_MS], at);
}

/** The settings of the watchdog, which reports what blocks the event loop. */
export interface WatchSettings {
  /** How long the loop must not turn before it is reported. Milliseconds, 20-60,000. Default 100. */
  readonly thresholdMs?: number;
  /**
   * `"production"` costs 2-3 % of a request that does nothing. `"development"` costs somewhat more, and also finds the
   * operation and the line inside native calls. Default `"production"`; `offloop dev` sets `"development"`.
   */
  readonly level?: "production" | "development";
  /** Called with every report, even one that is not logged because the same place was reported a moment ago. */
  readonly onBlock?: (report: BlockReport) => void;
}

/** The watchdog's settings with every default filled in. */
export type ResolvedWatch = Required<Omit<WatchSettings, "onBlock">> & Pick<WatchSettings, "onBlock">;

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
function resolveWatch({ thresholdMs = 100, level = "production", onBlock }: WatchSettings): ResolvedWatch {
  integer("watch.thresholdMs", thresholdMs, [20, 60_000]);
  if (level !== "production" && level !== "development") {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use watch.level: expected "production" or "development", got ${shownValue(level)}`,
      { fix: "use one of the two, or leave watch.level out" },
    );
  }
  return { thresholdMs, level, ...(onBlock && { onBlock }) };
}

/** Where the metrics are. */
export interface MetricsSettings {
  /** Path of the metrics, in the Prometheus text format. Default `"/metrics"`. */
  readonly path?: string;
}

/** Metrics settings with every default filled in. */
export type ResolvedMetrics = Required<MetricsSettings>;

/** Undefined when there are none. */
function resolveMetrics(metrics: MetricsSettings | boolean): ResolvedMetrics | undefined {
  if (metrics === false) return undefined;
  return { path: (metrics === true ? undefined : metrics.path) ?? "/metrics" };
}

type NamesOf<Settings> = Readonly<Record<keyof Settings, true>>;

/** The names of all settings. */
export const settingNames: NamesOf<ServerSettings> = {
  threads: true,
  timeouts: true,
  connections: true,
  websockets: true,
  health: true,
  metrics: true,
  rootPath: true,
  trustProxy: true,
  log: true,
  maxBodyBytes: true,
  inputs: true,
  shutdownGraceMs: true,
  hungWorkerMs: true,
  watch: true,
  jobs: true,
  session: true,
};

const threads: NamesOf<ThreadSettings> = {
  max: true,
  min: true,
  reserve: true,
  priority: true,
  idleMs: true,
  longRunMs: true,
  maxQueue: true,
  maxBackgroundQueue: true,
  resourceLimits: true,
};
const resourceLimits: NamesOf<Required<ResourceLimits>> = {
  maxYoungGenerationSizeMb: true,
  maxOldGenerationSizeMb: true,
  codeRangeSizeMb: true,
  stackSizeMb: true,
};
const timeouts: NamesOf<TimeoutSettings> = { operationMs: true, taskMs: true };
const connections: NamesOf<ConnectionSettings> = {
  maxHeaderBytes: true,
  headersTimeoutMs: true,
  requestTimeoutMs: true,
  keepAliveTimeoutMs: true,
  maxPipelined: true,
};
const websockets: NamesOf<WebSocketSettings> = {
  maxMessageBytes: true,
  maxQueuedMessages: true,
  maxBufferBytes: true,
  idleMs: true,
};
const inputs: NamesOf<InputSettings> = {
  maxLoopBodyBytes: true,
  maxLoopValues: true,
  maxValues: true,
  maxDepth: true,
  maxNames: true,
  maxMistakes: true,
  maxEchoedChars: true,
};
const health: NamesOf<HealthSettings> = { livez: true, readyz: true, port: true, host: true };
const metrics: NamesOf<MetricsSettings> = { path: true };
const jobs: NamesOf<JobsSettings> = {
  url: true,
  dir: true,
  schema: true,
  concurrency: true,
  pollMs: true,
  cancelGraceMs: true,
};
const watch: NamesOf<WatchSettings> = { thresholdMs: true, level: true, onBlock: true };

/** Checks the settings that contain several of their own. @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`. */
export function checkSettingNames(settings: ServerSettings, at: SourceLocation): void {
  for (const [name, known] of Object.entries({
    threads,
    timeouts,
    connections,
    websockets,
    inputs,
    health,
    metrics,
    log: logSettingNames,
    watch,
    jobs,
    session: sessionSettingNames,
  })) {
    const part = settings[name as keyof ServerSettings];
    if (typeof part === "object" && part !== null) checkOptionNames(`use ${name}`, part, known, at);
  }
  checkOptionNames("use threads.resourceLimits", settings.threads?.resourceLimits ?? {}, resourceLimits, at);
}
