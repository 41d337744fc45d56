import { isLoop } from "./lane.ts";
import type { Presumed, Run } from "./run.ts";
import type { Stretch } from "./view.ts";

/** How many runs were waiting for a thread, step by step. */
export interface WaitingCounts {
  /** Where each step begins. */
  readonly times: number[];
  /** The average over each step, so that waits shorter than a step are shown in proportion. */
  readonly counts: number[];
}

/** Divides the period into steps, and counts how many runs were handed over but not started in each. */
export function countWaiting(
  runs: readonly Run[],
  presumed: readonly Presumed[],
  { from, to }: Stretch,
  steps: number,
): WaitingCounts {
  const changes = new Float64Array(steps + 2);
  const step = (to - from) / steps;
  /** From this time on, `count` more are waiting: for part of the step that contains it, and for all later steps. */
  const change = (time: number, count: number): void => {
    const at = Math.min(steps, Math.max(0, (time - from) / step));
    const first = Math.floor(at);
    changes[first] = (changes[first] ?? 0) + count * (first + 1 - at);
    changes[first + 1] = (changes[first + 1] ?? 0) + count * (at - first);
  };
  const add = (since: number, until: number): void => {
    if (until <= from || since >= to) return;
    change(since, 1);
    change(until, -1);
  };
  for (const { handedAt, startedAt, lane } of runs) if (!isLoop(lane)) add(handedAt, startedAt);
  for (const { handedAt, startedAt, lane } of presumed)
    if (!isLoop(lane)) add(handedAt, lane === undefined ? to : startedAt);
  let count = 0;
  const counts = Array.from({ length: steps }, (_, at) => {
    count += changes[at] ?? 0;
    return Math.round(count * 1000) / 1000;
  });
  return { times: counts.map((_, at) => from + at * step), counts };
}
