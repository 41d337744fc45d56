import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { kindOf } from "../../errors/shown-value.ts";
import { boundsOf, DAY_MS, GiB, MiB, timeoutMs } from "../integer.ts";
import { checkOptionNames } from "../option-names.ts";
import {
  type ResolvedSession,
  resolveSession,
  type SessionSettings,
  sessionSettingNames,
} from "../session.ts";
import {
  type ConnectionSettings,
  connectionSettingNames,
  resolveConnections,
  resolveWebSockets,
  type WebSocketSettings,
  webSocketSettingNames,
} from "./client-settings.ts";
import { type InputSettings, inputSettingNames, resolveInputs } from "./input-settings.ts";
import { type JobsSettings, jobsSettingNames, type ResolvedJobs, resolveJobs } from "./jobs-settings.ts";
import { type LogSettings, logSettingNames, type ResolvedLog, resolveLog } from "./log-settings.ts";
import {
  askedByMachines,
  checkOperatorPaths,
  type HealthSettings,
  healthSettingNames,
  type MetricsSettings,
  metricsSettingNames,
  type ResolvedHealth,
  type ResolvedMetrics,
  resolveHealth,
  resolveMetrics,
} from "./operator-settings.ts";
import { resolveRootPath, resolveTrustProxy, type TrustProxy } from "./proxy.ts";
import type { Resolved } from "./resolved.ts";
import {
  resolveThreads,
  resourceLimitNames,
  type ThreadSettings,
  threadSettingNames,
} from "./thread-settings.ts";
import { type ResolvedWatch, resolveWatch, type WatchSettings, watchSettingNames } from "./watch-settings.ts";

/** Deadlines for operations and tasks that have none of their own. */
export interface TimeoutSettings {
  /** Deadline for operations, from the start of their run. Milliseconds, 1-86,400,000. Default none. */
  readonly operationMs?: number | undefined;
  /** Deadline for tasks. Milliseconds, 1-86,400,000. Default none. */
  readonly taskMs?: number | undefined;
}

/** How an app is served, set on the app or where it is served; the latter takes precedence. */
export interface ServerSettings {
  /** The thread pool. */
  readonly threads?: ThreadSettings | undefined;
  /** Deadlines for operations and tasks that have none of their own. */
  readonly timeouts?: TimeoutSettings | undefined;
  /** Limits on clients. */
  readonly connections?: ConnectionSettings | undefined;
  /** Limits on websockets. */
  readonly websockets?: WebSocketSettings | undefined;
  /** Health probes; `true` for the default paths. Default: none. */
  readonly health?: HealthSettings | boolean | undefined;
  /** Metrics in the Prometheus text format; `true` for `/metrics`. Default: none. */
  readonly metrics?: MetricsSettings | boolean | undefined;
  /**
   * The prefix that proxies put before the paths of this app, like `"/api/v1"`; uvicorn's `--root-path`. Requests are
   * answered with it and without it, since some proxies cut it off before they forward. Default none.
   */
  readonly rootPath?: string | undefined;
  /**
   * Which proxies to trust when their `X-Forwarded-For`, `-Proto` and `-Host` say who asks, and for which URL: their
   * addresses, subnets like `"10.0.0.0/8"`, or `"loopback"`, `"linklocal"` and `"uniquelocal"`. `"unix"` stands for
   * whoever connects through the Unix socket that the server listens on. True trusts any client, and all that they claim,
   * which is safe only where nobody but proxies can connect. Default false, since anyone else can set these headers. A
   * proxy must set all three: those that it only passes on come from the client.
   */
  readonly trustProxy?: TrustProxy | undefined;
  /** What to leave out of the log. */
  readonly log?: LogSettings | undefined;
  /**
   * Largest request body in bytes; larger ones are answered with 413. On the event loop the limit is smaller:
   * `inputs.maxLoopBodyBytes`. Integer, 1-1,073,741,824. Default 10 MiB.
   */
  readonly maxBodyBytes?: number | undefined;
  /** Limits on reading and checking a request, and on how much a 422 reports. */
  readonly inputs?: InputSettings | undefined;
  /** How long shutdown waits for requests and background tasks. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly shutdownGraceMs?: number | undefined;
  /**
   * A worker of `offloop run --workers` that does not answer its primary for this long is ended and replaced, and so is
   * one that takes this much longer to start than any before it. Milliseconds, 1,000-86,400,000. Default 30,000.
   */
  readonly hungWorkerMs?: number | undefined;
  /** The watchdog of the event loop; false turns it off. Default: on. */
  readonly watch?: WatchSettings | false | undefined;
  /** The jobs of durable tasks. */
  readonly jobs?: JobsSettings | undefined;
  /** Sessions, in a signed cookie. Default: none. */
  readonly session?: SessionSettings | undefined;
}

/** Settings with every default filled in. */
export interface ResolvedSettings {
  readonly threads: Resolved<ThreadSettings>;
  readonly timeouts: { readonly operationMs: number | undefined; readonly taskMs: number | undefined };
  readonly connections: Resolved<ConnectionSettings>;
  readonly websockets: Resolved<WebSocketSettings>;
  readonly health: ResolvedHealth | undefined;
  readonly metrics: ResolvedMetrics | undefined;
  /** Without a trailing slash; empty for none. */
  readonly rootPath: string;
  readonly trustProxy: TrustProxy;
  readonly log: ResolvedLog;
  readonly maxBodyBytes: number;
  readonly inputs: Resolved<InputSettings>;
  readonly shutdownGraceMs: number;
  readonly hungWorkerMs: number;
  /** Undefined: no watchdog. */
  readonly watch: ResolvedWatch | undefined;
  readonly jobs: ResolvedJobs;
  /** Undefined: no sessions. */
  readonly session: ResolvedSession | undefined;
}

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

function sessionOf(layers: readonly ServerSettings[]): SessionSettings | undefined {
  const given = layers.flatMap(({ session }) => session ?? []);
  return given.length === 0 ? undefined : (merged(given) as SessionSettings);
}

function merged<T extends object>(layers: readonly T[]): Partial<T> {
  const said = layers.flatMap((layer) => Object.entries(layer).filter(([, value]) => value !== undefined));
  return Object.fromEntries(said) as Partial<T>;
}

/** The names of all settings. */
export const settingNames: Readonly<Record<keyof ServerSettings, true>> = {
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

const timeoutSettingNames: Readonly<Record<keyof TimeoutSettings, true>> = {
  operationMs: true,
  taskMs: true,
};

/** Groups of settings that may also be switched on, or off, as a whole. */
const switched = { health: [true, false], metrics: [true, false], watch: [false] } as const;

/**
 * Checks the settings that contain several of their own.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`; `OFFLOOP_OPTION_INVALID` for a value in place of a group.
 */
export function checkSettingNames(settings: ServerSettings, at: SourceLocation): void {
  for (const [name, known] of Object.entries({
    threads: threadSettingNames,
    timeouts: timeoutSettingNames,
    connections: connectionSettingNames,
    websockets: webSocketSettingNames,
    inputs: inputSettingNames,
    health: healthSettingNames,
    metrics: metricsSettingNames,
    log: logSettingNames,
    watch: watchSettingNames,
    jobs: jobsSettingNames,
    session: sessionSettingNames,
  })) {
    checkGroup(name, settings[name as keyof ServerSettings], known, at);
  }
  checkGroup("threads.resourceLimits", settings.threads?.resourceLimits, resourceLimitNames, at);
}

function checkGroup(
  name: string,
  part: unknown,
  known: Readonly<Record<string, true>>,
  at: SourceLocation,
): void {
  if (typeof part === "object" && part !== null) checkOptionNames(`use ${name}`, part, known, at);
  else if (part !== undefined && part !== null) checkSwitch(name, part, Object.keys(known)[0], at);
}

/** In JavaScript, nothing else says that `threads: 4` is not read. */
function checkSwitch(name: string, part: unknown, first: string | undefined, at: SourceLocation): void {
  const accepted: readonly unknown[] = name in switched ? switched[name as keyof typeof switched] : [];
  if (accepted.includes(part)) return;
  const expected = [...accepted, `an object like { ${first} }`].join(" or ");
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected ${expected}, got ${kindOf(part)}`,
    { at, fix: `write ${name}: { ${first}: ... }` },
  );
}
