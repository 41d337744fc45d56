import { isLoop } from "./lane.ts";
import type { Presumed, Run } from "./run.ts";
import type { Stretch } from "./view.ts";

/** How many runs waited for a thread, step by step. */
export interface WaitingCounts {
  /** Where each step begins. */
  readonly times: number[];
  /** On average over the step, so that waits shorter than it show as what they are. */
  readonly counts: number[];
}

/** Divides the stretch into steps, and says how many runs were handed over and not started in each. */
export function countWaiting(
  runs: readonly Run[],
  presumed: readonly Presumed[],
  { from, to }: Stretch,
  steps: number,
): WaitingCounts {
  const changes = new Float64Array(steps + 2);
  const step = (to - from) / steps;
  /** From the time on, `count` more wait: in part of the step that it is in, and in all later ones. */
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
