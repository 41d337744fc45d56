/** More threads than a process ever starts at once; their numbers increase by one with each. */
const THREADS = 2 ** 20;

/** A lane of any process: one number for the process and its thread. With only one process, it is the thread's number. */
export function laneOf(worker: number, thread: number): number {
  return worker * THREADS + thread;
}

/** The process that a lane belongs to; 0 when there is only one. */
export function workerOf(lane: number): number {
  return Math.floor(lane / THREADS);
}

export function isLoop(lane: number | null | undefined): boolean {
  return typeof lane === "number" && lane % THREADS === 0;
}

/** `loop`, or `thread 3`; with several processes, also whose. */
export function labelOf(lane: number): string {
  const worker = workerOf(lane);
  return worker === 0 ? shortLabelOf(lane) : `${shortLabelOf(lane)} of worker ${worker}`;
}

/** The same within its process. */
export function shortLabelOf(lane: number): string {
  return isLoop(lane) ? "loop" : `thread ${lane % THREADS}`;
}

/** Where something ran, in a sentence: `on the loop`, `on thread 3`. */
export function onLane(lane: number): string {
  return `on ${isLoop(lane) ? "the " : ""}${labelOf(lane)}`;
}
