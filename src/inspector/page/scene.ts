import type { Presumed, Run, Store } from "./store.ts";
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

/** Where a lane is drawn. Pixels count from the top of the first row. */
export interface Row {
  /** 0 is the loop. */
  readonly thread: number;
  readonly top: number;
  readonly height: number;
  /** How many runs at the same time it has room for. */
  readonly slots: number;
  /** Whether the thread has ended. */
  readonly gone: boolean;
}

const GAP = 6;
const THREAD_HEIGHT = 22;
const MANY_THREADS = 14;
const MANY_THREADS_HEIGHT = 13;
/** The loop's row grows by steps with what happens at the same time, so that it does not tremble. */
const loopHeights = [56, 104, 176];
const SLOT_HEIGHT = 14;

/** A row for the loop, one for each thread, and one for each that has ended and ran something in the stretch. */
export function layoutRows(store: Store, stretch: Stretch): Row[] {
  const seen = new Set<number>();
  let slots = 1;
  for (const { thread, slot, startedAt, endedAt } of store.runs) {
    if (endedAt < stretch.from || startedAt > stretch.to) continue;
    if (thread === 0) slots = Math.max(slots, slot + 1);
    else if (thread !== null) seen.add(thread);
  }
  for (const run of store.presumed()) if (run.thread === 0) slots = Math.max(slots, run.slot + 1);
  for (const { thread, at } of store.incidents)
    if (thread !== null && thread > 0 && at >= stretch.from && at <= stretch.to) seen.add(thread);
  const alive = new Set(store.threads);
  const threads = [...new Set([...alive, ...seen])].sort((a, b) => a - b);
  const height = threads.length > MANY_THREADS ? MANY_THREADS_HEIGHT : THREAD_HEIGHT;
  const loopHeight = loopHeights.find((step) => slots * SLOT_HEIGHT <= step) ?? loopHeights.at(-1) ?? 0;
  const loop = { thread: 0, top: GAP, height: loopHeight, slots, gone: false };
  const below = loop.top + loopHeight + 2 * GAP;
  return [
    loop,
    ...threads.map((thread, at) => ({
      thread,
      top: below + at * (height + GAP),
      height,
      slots: 1,
      gone: !alive.has(thread),
    })),
  ];
}

/** How high all rows are together. */
export function heightOf(rows: readonly Row[]): number {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.top + last.height + GAP;
}

/** Where in its row a run is drawn. */
export function bandOf(row: Row, slot: number): { readonly top: number; readonly height: number } {
  if (row.slots === 1 && row.thread !== 0) return { top: row.top, height: row.height };
  const height = Math.min(SLOT_HEIGHT, row.height / row.slots);
  return { top: row.top + slot * height, height };
}

/** The slot of a row that a point is in. */
function slotAt(row: Row, y: number): number {
  return row.thread === 0 ? Math.floor((y - row.top) / Math.min(SLOT_HEIGHT, row.height / row.slots)) : 0;
}

export function labelOf(thread: number): string {
  return thread === 0 ? "loop" : `thread ${thread}`;
}

/** Which operations and tasks are looked at: those whose name has the text in it. */
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

  matches(name: number): boolean {
    return this.#text === "" || (this.#store.names[name]?.name.toLowerCase().includes(this.#text) ?? false);
  }
}
