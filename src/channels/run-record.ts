/** Where something ran and for how long, filled in by whoever ran it when someone wants to know. */
export interface RunRecord {
  /** The thread it ran on; 0 is the loop; undefined while none has started it. */
  thread: number | undefined;
  /** How long it waited for a thread, in milliseconds. */
  queueMs: number;
  /** How long it ran, in milliseconds. */
  runMs: number;
}

/** A record to be filled in. */
export function newRecord(): RunRecord {
  return { thread: undefined, queueMs: 0, runMs: 0 };
}

/** Fills in that it has run on the loop since then, from `performance.now()`. */
export function recordLoop(record: RunRecord, since: number): void {
  record.thread = 0;
  record.runMs = performance.now() - since;
}
