import { availableParallelism } from "node:os";
import type { BlockReport } from "../channels/block-report.ts";
import { OffloopError } from "../errors/offloop-error.ts";

/** The thread pool's settings. */
export interface ThreadSettings {
  /** Threads for plain functions. Integer, 1-256. Default `min(32, cores + 4)`, the rule of Python's ThreadPoolExecutor. */
  readonly max?: number;
  /**
   * Threads beyond `max` that only short requests may use, so that they never wait behind slow ones.
   * Integer, 0-64. Default 1.
   */
  readonly reserve?: number;
  /** How long a thread may idle before it leaves; the first one stays. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly idleMs?: number;
}

/** The settings of the watchdog, which reports what blocks the event loop. */
export interface WatchSettings {
  /** From when on a loop that does not turn is reported. Milliseconds, 20-60,000. Default 100. */
  readonly thresholdMs?: number;
  /**
   * `"production"` costs 2-3 % of a request that does nothing. `"development"` costs some more and finds the operation
   * and the line inside native calls too. Default `"production"`; `offloop dev` sets `"development"`.
   */
  readonly level?: "production" | "development";
  /** Called with every report, also those that are not logged because the same place was a moment ago. */
  readonly onBlock?: (report: BlockReport) => void;
}

/** How an app is served, set on the app or where it is served; the latter wins. */
export interface ServerSettings {
  /** The thread pool. */
  readonly threads?: ThreadSettings;
  /** Largest request body in bytes; past it 413. Integer, 1-1,073,741,824. Default 10 MiB. */
  readonly maxBodyBytes?: number;
  /** How long shutdown waits for requests and background tasks. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly shutdownGraceMs?: number;
  /** The watchdog of the event loop; false for none. Default: on. */
  readonly watch?: WatchSettings | false;
}

/** Settings with every default filled in. */
export interface ResolvedSettings {
  readonly threads: Required<ThreadSettings>;
  readonly maxBodyBytes: number;
  readonly shutdownGraceMs: number;
  /** Undefined: no watchdog. */
  readonly watch: ResolvedWatch | undefined;
}

/** The watchdog's settings with every default filled in. */
export type ResolvedWatch = Required<Omit<WatchSettings, "onBlock">> & Pick<WatchSettings, "onBlock">;

const DAY_MS = 86_400_000;
const MiB = 1_048_576;

/**
 * Fills in defaults: later settings win over earlier ones.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range.
 */
export function resolveSettings(...layers: readonly ServerSettings[]): ResolvedSettings {
  const top = merged(layers);
  const threads = merged(layers.map((layer) => layer.threads ?? {}));
  return {
    threads: {
      max: integer("threads.max", threads.max ?? Math.min(32, availableParallelism() + 4), 1, 256),
      reserve: integer("threads.reserve", threads.reserve ?? 1, 0, 64),
      idleMs: integer("threads.idleMs", threads.idleMs ?? 30_000, 0, DAY_MS),
    },
    maxBodyBytes: integer("maxBodyBytes", top.maxBodyBytes ?? 10 * MiB, 1, 1024 * MiB),
    shutdownGraceMs: integer("shutdownGraceMs", top.shutdownGraceMs ?? 30_000, 0, DAY_MS),
    watch: top.watch === false ? undefined : resolveWatch(merged(layers.map(({ watch }) => watch || {}))),
  };
}

function resolveWatch({ thresholdMs = 100, level = "production", onBlock }: WatchSettings): ResolvedWatch {
  integer("watch.thresholdMs", thresholdMs, 20, 60_000);
  if (level !== "production" && level !== "development") {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use watch.level: expected "production" or "development", got ${JSON.stringify(level)}`,
      { fix: "use one of the two, or leave watch.level out" },
    );
  }
  return { thresholdMs, level, ...(onBlock && { onBlock }) };
}

function merged<T extends object>(layers: readonly T[]): Partial<T> {
  const said = layers.flatMap((layer) => Object.entries(layer).filter(([, value]) => value !== undefined));
  return Object.fromEntries(said) as Partial<T>;
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is an integer of the range. */
export function integer(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected an integer of ${min}-${max}, got ${JSON.stringify(value) ?? "undefined"}`,
    {
      fix: `set ${name} to a value in its range, or leave it out`,
    },
  );
}
