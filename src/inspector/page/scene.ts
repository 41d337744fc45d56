import type { Filter } from "./filter.ts";
import { type Row, slotAt } from "./rows.ts";
import type { Presumed, Run } from "./run.ts";
import type { Store } from "./store.ts";
import type { Palette } from "./theme.ts";
import type { Stretch } from "./view.ts";

/** What one drawing shows. */
export interface Scene {
  readonly store: Store;
  readonly rows: readonly Row[];
  readonly stretch: Stretch;
  readonly filter: Filter;
  readonly palette: Palette;
  readonly now: number;
}

/** A run that can be pointed at: one that ended, or one in progress. */
export type Shown = Run | Presumed;

export function hasEnded(run: Shown): run is Run {
  return "endedAt" in run;
}

/** The run at a time and a height of the drawing, `slackMs` beside it at most. */
export function runAt(scene: Scene, time: number, y: number, slackMs: number): Shown | undefined {
  const row = scene.rows.find(({ top, height }) => y >= top && y < top + height);
  if (row === undefined) return undefined;
  const slot = slotAt(row, y);
  let best: Shown | undefined;
  let bestGap = slackMs;
  for (const run of shownOn(scene, row.thread)) {
    if (row.thread === 0 && run.slot !== slot) continue;
    const endedAt = hasEnded(run) ? run.endedAt : scene.now;
    const gap = Math.max(0, run.startedAt - time, time - endedAt);
    if (gap > bestGap) continue;
    best = run;
    bestGap = gap;
  }
  return best;
}

/** The run of a lane that starts next after another, or last before it, in the stretch. */
export function runBeside(
  scene: Scene,
  thread: number,
  from: Shown | undefined,
  step: 1 | -1,
): Shown | undefined {
  let best: Shown | undefined;
  for (const run of shownOn(scene, thread)) {
    const isAfter = from === undefined || (run.startedAt - from.startedAt) * step > 0;
    if (isAfter && (best === undefined || (best.startedAt - run.startedAt) * step > 0)) best = run;
  }
  return best;
}

function* shownOn({ store, stretch, filter }: Scene, thread: number): Generator<Shown> {
  for (const run of [...store.runs, ...store.presumed()]) {
    const isInView = run.startedAt <= stretch.to && (!hasEnded(run) || run.endedAt >= stretch.from);
    if (run.thread === thread && isInView && filter.matches(run.name)) yield run;
  }
}
