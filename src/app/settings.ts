import { availableParallelism } from "node:os";
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

/** How an app is served, set on the app or where it is served; the latter wins. */
export interface ServerSettings {
  /** The thread pool. */
  readonly threads?: ThreadSettings;
  /** Largest request body in bytes; past it 413. Integer, 1-1,073,741,824. Default 10 MiB. */
  readonly maxBodyBytes?: number;
  /** How long shutdown waits for requests and background tasks. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly shutdownGraceMs?: number;
}

/** Settings with every default filled in. */
export interface ResolvedSettings {
  readonly threads: Required<ThreadSettings>;
  readonly maxBodyBytes: number;
  readonly shutdownGraceMs: number;
}

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
  };
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
