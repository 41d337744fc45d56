import { isLoop, laneOf, workerOf } from "./lane.ts";
import type { Store } from "./store.ts";
import type { Stretch } from "./view.ts";

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
export function slotAt(row: Row, y: number): number {
  return isLoop(row.lane) ? Math.floor((y - row.top) / Math.min(SLOT_HEIGHT, row.height / row.slots)) : 0;
}
