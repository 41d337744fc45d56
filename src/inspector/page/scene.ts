import { isLoop, laneOf, workerOf } from "./lane.ts";
import type { Pin } from "./pin.ts";
import { hasEnded, type Shown } from "./run.ts";
import type { Store } from "./store.ts";
import type { Palette } from "./theme.ts";
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
    if (gap > bestGap) continue;
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

/** Where a lane is drawn. Pixels count from the top of the first row. */
export interface Row {
  readonly lane: number;
  readonly top: number;
  readonly height: number;
  /** How many simultaneous runs it has room for. */
  readonly slots: number;
  /** Whether the thread, or its process, has ended. */
  readonly gone: boolean;
}

const GAP = 6;
const WORKER_GAP = 14;
const THREAD_HEIGHT = 22;
const MANY_THREADS = 14;
const MANY_THREADS_HEIGHT = 13;
/** The loop's row grows in steps with the number of simultaneous runs, so that it does not jitter. */
const loopHeights = [56, 104, 176];
const SLOT_HEIGHT = 14;

/**
 * For each process: a row for its loop, one for each thread, and one for each ended thread that ran something in the
 * visible period.
 */
export function layoutRows(store: Store, stretch: Stretch): Row[] {
  const { threads: seen, slots } = lanesIn(store, stretch);
  const alive = new Set(store.processes.flatMap(({ threads }) => threads));
  const threads = [...new Set([...alive, ...seen])].sort((a, b) => a - b);
  const height = threads.length > MANY_THREADS ? MANY_THREADS_HEIGHT : THREAD_HEIGHT;
  const rows: Row[] = [];
  let top = GAP;
  for (const { worker, isGone } of store.processes) {
    const loop = laneOf(worker, 0);
    const own = threads.filter((thread) => workerOf(thread) === worker);
    if (isGone && own.length === 0 && !slots.has(loop)) continue;
    const loopSlots = slots.get(loop) ?? 1;
    const loopHeight = loopHeights.find((step) => loopSlots * SLOT_HEIGHT <= step) ?? loopHeights.at(-1) ?? 0;
    rows.push({ lane: loop, top, height: loopHeight, slots: loopSlots, gone: isGone });
    top += loopHeight + 2 * GAP;
    for (const lane of own) {
      rows.push({ lane, top, height, slots: 1, gone: !alive.has(lane) });
      top += height + GAP;
    }
    top += WORKER_GAP;
  }
  return rows;
}

/** The threads on which something happened, and how many runs were on each loop at once. */
function lanesIn(store: Store, { from, to }: Stretch): { threads: Set<number>; slots: Map<number, number> } {
  const threads = new Set<number>();
  const slots = new Map<number, number>();
  const see = (lane: number, slot: number): void => {
    if (!isLoop(lane)) threads.add(lane);
    else if (slot >= (slots.get(lane) ?? 0)) slots.set(lane, slot + 1);
  };
  for (const { lane, slot, startedAt, endedAt } of store.runs)
    if (lane !== null && endedAt >= from && startedAt <= to) see(lane, slot);
  for (const { lane, slot } of store.presumed()) if (isLoop(lane)) see(lane ?? 0, slot);
  for (const { lane, at } of store.incidents.list) if (lane !== null && at >= from && at <= to) see(lane, 0);
  return { threads, slots };
}

/** The height of all rows together. */
export function heightOf(rows: readonly Row[]): number {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.top + last.height + GAP;
}

/** Where in its row a run is drawn. */
export function bandOf(row: Row, slot: number): { readonly top: number; readonly height: number } {
  if (row.slots === 1 && !isLoop(row.lane)) return { top: row.top, height: row.height };
  const height = Math.min(SLOT_HEIGHT, row.height / row.slots);
  return { top: row.top + slot * height, height };
}

/** The slot of a row that contains a point. */
function slotAt(row: Row, y: number): number {
  return isLoop(row.lane) ? Math.floor((y - row.top) / Math.min(SLOT_HEIGHT, row.height / row.slots)) : 0;
}

/** Which operations and tasks to show: those whose name contains the text. */
export class Filter {
  #text = "";
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text.trim().toLowerCase();
  }

  /** Whether nothing that it matches has run. */
  get isBarren(): boolean {
    return this.#text !== "" && !this.#store.names.some((_, name) => this.matches(name));
  }

  matches(name: number): boolean {
    return this.#text === "" || (this.#store.names[name]?.name.toLowerCase().includes(this.#text) ?? false);
  }
}
