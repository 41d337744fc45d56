import type { RunRow } from "../batch.ts";

/** A run that ended. Times of day are milliseconds since the server's origin. */
export interface Run {
  /** Its place in the store's names. */
  readonly name: number;
  readonly request: string | null;
  /** 0 is the loop; null when it ran on none. */
  readonly thread: number | null;
  /** Tells apart what was on the loop at the same time. */
  readonly slot: number;
  readonly handedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** A status, or 1 and 0 for a task that returned or threw. */
  readonly outcome: number;
}

export function runOf([name, request, thread, slot, handedAt, queueMs, runMs, outcome]: RunRow): Run {
  const startedAt = handedAt + queueMs;
  return { name, request, thread, slot, handedAt, startedAt, endedAt: startedAt + runMs, outcome };
}

/** Whether it threw or answered with 5xx. */
export function hasFailed({ outcome }: Pick<Run, "outcome">): boolean {
  return outcome === 0 || outcome >= 500;
}
