import { isLoop } from "./lane.ts";
import type { Pin } from "./pin.ts";
import { type Row, slotAt } from "./rows.ts";
import { hasEnded, type Shown } from "./run.ts";
import type { Store } from "./store.ts";
import type { Palette } from "./theme.ts";
import type { Filter } from "./tools.ts";
import type { Stretch } from "./view.ts";

/** What one drawing shows. */
export interface Scene {
  readonly store: Store;
  readonly rows: readonly Row[];
  readonly stretch: Stretch;
  readonly filter: Filter;
  readonly pin: Pin;
  readonly palette: Palette;
  readonly now: number;
  /** The lane that is selected with the keyboard. */
  readonly lane: number | undefined;
}

/** Whether a run stands out: it belongs to what is pinned, or otherwise matches the filter. */
export function isLit({ pin, filter }: Pick<Scene, "pin" | "filter">, run: Shown): boolean {
  return pin.isSet ? pin.holds(run) : filter.matches(run.name);
}

/** Whether others are drawn over it: a thread runs calls while a stream there waits for its next chunk. */
export function liesBelow({ store }: Pick<Scene, "store">, { name, lane }: Shown): boolean {
  return store.names[name]?.kind === "stream" && typeof lane === "number" && !isLoop(lane);
}

/** The run at a time and a height of the drawing, at most `slackMs` away. */
export function runAt(scene: Scene, time: number, y: number, slackMs: number): Shown | undefined {
  const row = scene.rows.find(({ top, height }) => y >= top && y < top + height);
  if (row === undefined) return undefined;
  const slot = slotAt(row, y);
  let best: Shown | undefined;
  let bestGap = slackMs;
  for (const run of shownOn(scene, row.lane)) {
    if (isLoop(row.lane) && run.slot !== slot) continue;
    const endedAt = hasEnded(run) ? run.endedAt : scene.now;
    const gap = Math.max(0, run.startedAt - time, time - endedAt);
    const isHidden = best !== undefined && liesBelow(scene, run) && !liesBelow(scene, best);
    if (gap > bestGap || (gap === bestGap && isHidden)) continue;
    best = run;
    bestGap = gap;
  }
  return best;
}

/** The run of a lane that starts next after another, or last before it, within the visible period. */
export function runBeside(
  scene: Scene,
  lane: number,
  from: Shown | undefined,
  step: 1 | -1,
): Shown | undefined {
  let best: Shown | undefined;
  for (const run of shownOn(scene, lane)) {
    const isAfter = from === undefined || (run.startedAt - from.startedAt) * step > 0;
    if (isAfter && (best === undefined || (best.startedAt - run.startedAt) * step > 0)) best = run;
  }
  return best;
}

function* shownOn(scene: Scene, lane: number): Generator<Shown> {
  const { store, stretch, filter } = scene;
  for (const runs of [store.runs, store.presumed()])
    for (const run of runs) {
      if (run.lane !== lane || run.startedAt > stretch.to) continue;
      if (hasEnded(run) && run.endedAt < stretch.from) continue;
      if (filter.matches(run.name) || isLit(scene, run)) yield run;
    }
}

/** Where the lanes are on a canvas, in canvas pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Canvas pixels per page pixel. */
  readonly ratio: number;
}
