/** What a page is told at once. Times of day are milliseconds since `origin`; durations are milliseconds. */
export interface Batch {
  /** Only in the first batch of a connection. */
  readonly hello?: Hello;
  /** The time of day at the server. */
  readonly now: number;
  /** Names not told before; a name's number is its place in the order of telling. */
  readonly names?: readonly Name[];
  /** Runs that ended since the last batch. */
  readonly runs?: readonly RunRow[];
  /** Runs that ended since the last batch and are not told, since there were too many. */
  readonly lost?: number;
  /** Runs in progress, when that changed: the oldest ones. */
  readonly running?: Running;
  /** Threads of the pool, when that changed. */
  readonly threads?: readonly number[];
  readonly incidents?: readonly Incident[];
  /** Per name that ran since these were last told. */
  readonly figures?: readonly Figure[];
}

/** What does not change while the server runs. */
interface Hello {
  readonly title: string;
  /** Milliseconds since 1970; also tells one run of the server from another. */
  readonly origin: number;
}

/** An operation or a task. */
export interface Name {
  readonly kind: "operation" | "task";
  /** `GET /items/:item_id`, or the task's name. */
  readonly name: string;
  readonly lane: "loop" | "thread";
}

/**
 * A run that ended: it was handed to its lane, waited, and ran. The thread is 0 for the loop, and null when it ran on none or is not known. The slot tells apart
 * what runs on the loop at the same time. The outcome is a status, or 1 and 0 for a task that returned or threw.
 */
export type RunRow = readonly [
  name: number,
  request: string | null,
  thread: number | null,
  slot: number,
  handedAt: number,
  queueMs: number,
  runMs: number,
  outcome: number,
];

/** A run in progress: on the loop it runs, for a thread it may still wait. */
export type RunningRow = readonly [name: number, request: string | null, slot: number, handedAt: number];

/** What is in progress. */
export interface Running {
  readonly loop: number;
  readonly thread: number;
  /** The oldest ones. */
  readonly rows: readonly RunningRow[];
}

/** Something that should not have happened. */
export interface Incident {
  /** Counted from 1. */
  readonly id: number;
  readonly kind: "blocked" | "killed" | "failed";
  readonly at: number;
  readonly durationMs: number;
  /** 0 is the loop; null when it is not known. */
  readonly thread: number | null;
  /** The operation or task; null when it is not known. */
  readonly name: string | null;
  /** File name and line; null when they are not known. */
  readonly place: string | null;
  /** What is known about it, a sentence each. */
  readonly facts: readonly string[];
  /** Innermost first; empty when nothing is known. */
  readonly stack: readonly string[];
}

/** How an operation or task has run so far. */
export interface Figure {
  readonly name: number;
  readonly calls: number;
  readonly failed: number;
  readonly wait: Percentiles;
  readonly run: Percentiles;
}

/** In milliseconds. */
export type Percentiles = readonly [p50: number, p99: number];
