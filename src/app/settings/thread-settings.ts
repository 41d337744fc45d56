import { availableParallelism } from "node:os";
import type { ResourceLimits } from "node:worker_threads";
import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { boundsOf, DAY_MS } from "../integer.ts";
import { containerMib, threadsThatFit } from "./container.ts";
import type { Resolved } from "./resolved.ts";
import { supervisedWorkers } from "./supervision.ts";

/** The thread pool's settings. */
export interface ThreadSettings {
  /**
   * Threads for plain functions. Integer, 1-256. Default `min(32, cores + 4)`, the rule of Python's ThreadPoolExecutor,
   * and in a container at most one for each 80 MiB of its memory limit.
   */
  readonly max?: number | undefined;
  /**
   * Threads that start with the server, and stay, so that the first calls need not wait for a thread to load the app.
   * With `max + reserve`, those of the reserve are there, too. Integer, 1-`max + reserve`. Default 1.
   */
  readonly min?: number | undefined;
  /**
   * Threads beyond `max` that only short requests may use, so that they never wait behind slow ones.
   * Integer, 0-64. Default 1.
   */
  readonly reserve?: number | undefined;
  /**
   * How far threads yield to the event loop when both want the processor: a nice value, 0 (not at all) to 19, or
   * `"idle"`, which leaves them only what nothing else in the container wants. `"idle"` needs the program `chrt`, and is
   * 19 without it. It has an effect only on Linux. A process that a thread starts inherits it. Default 10.
   */
  readonly priority?: number | "idle" | undefined;
  /** How long a thread may idle before it leaves; `min` of them stay. Milliseconds, 0-86,400,000. Default 30,000. */
  readonly idleMs?: number | undefined;
  /**
   * A call without a deadline that runs longer than this is logged; while every thread runs such a call, the server is
   * not ready. Milliseconds, 100-86,400,000. Default 30,000.
   */
  readonly longRunMs?: number | undefined;
  /**
   * Requests that may wait for a thread; more are answered with 503 and `Retry-After`. Integer,
   * 0-1,000,000. Default 1,000.
   */
  readonly maxQueue?: number | undefined;
  /** Background tasks that may wait for a thread; any more fail and are logged. Integer, 0-1,000,000. Default 10,000. */
  readonly maxBackgroundQueue?: number | undefined;
  /** Memory limits of each thread, as in `node:worker_threads`. Default: Node's own. */
  readonly resourceLimits?: ResourceLimits | undefined;
}

/** A nice value, 0-19, or Linux's `SCHED_IDLE`, the class of what runs when nothing else wants the processor. */
export type ThreadPriority = Resolved<ThreadSettings>["priority"];

/** The names of all these settings. */
export const threadSettingNames: Readonly<Record<keyof ThreadSettings, true>> = {
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

/** The limits that `resourceLimits` may have. */
export const resourceLimitNames: Readonly<Record<keyof Required<ResourceLimits>, true>> = {
  maxYoungGenerationSizeMb: true,
  maxOldGenerationSizeMb: true,
  codeRangeSizeMb: true,
  stackSizeMb: true,
};

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
export function resolveThreads(threads: ThreadSettings): Resolved<ThreadSettings> {
  const bound = boundsOf(threads, "threads.");
  const max = bound("max", defaultMax(threads.min), [1, 256]);
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

/** Python's rule, unless so many threads would fill the container, however little each of them does. */
function defaultMax(min: number | undefined): number {
  const byCores = Math.min(32, availableParallelism() + 4);
  const mib = containerMib();
  if (mib === undefined) return byCores;
  const asked = Number.isInteger(min) ? Number(min) : 1;
  return Math.min(byCores, Math.max(threadsThatFit(mib, Math.max(1, supervisedWorkers)), asked));
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

function resolvePriority(priority: ThreadPriority): ThreadPriority {
  if (priority === "idle" || (Number.isInteger(priority) && priority >= 0 && priority <= 19)) return priority;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use threads.priority: expected an integer from 0 to 19 or "idle", got ${shownValue(priority)}`,
    { fix: "set threads.priority to one of them, or leave it out" },
  );
}
