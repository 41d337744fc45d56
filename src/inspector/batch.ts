import type { SketchCounts } from "./page/sketch.ts";

/** What one message tells a page. Times of day are milliseconds since `origin`; durations are milliseconds. */
export interface Batch {
  /** Which of the processes that share a port tells it; absent where there is only one. */
  readonly worker?: number;
  /** Only in the first batch of a process to a connection. */
  readonly hello?: Hello;
  /** The time of day at the process. */
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
  /** How full the pool is, while it is open. */
  readonly pool?: PoolState;
  /** What happened since the last batch, in the order of hearing of it. */
  readonly incidents?: readonly IncidentRow[];
  /** Kinds of incidents that are new, or of which there is one more. */
  readonly groups?: readonly IncidentGroup[];
  /** Per name that ran since these were last told. */
  readonly figures?: readonly Figure[];
  /** The process has ended: nothing more comes of it. */
  readonly gone?: true;
}

/** What does not change while a process runs. */
export interface Hello {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly origin: number;
  /** Tells one run of the server from another. All processes that share a port have the same. */
  readonly server: number;
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
 * what runs on the loop at the same time. The outcome is a status, or 1 and 0 for a task that returned or threw. The job is the one it was an attempt of.
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
  job?: string,
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

/** How full the pool of threads is. */
export interface PoolState {
  readonly busy: number;
  /** How many there may be. */
  readonly max: number;
  /** Calls that wait for a thread. */
  readonly waiting: number;
  /** For how long the oldest of them has. */
  readonly oldestMs: number;
}

/**
 * What should not happen. `blocked`: the loop did not turn. `killed`: a call ran past its deadline and its thread was ended. `timeout`: the same on
 * the loop, where nothing ends a function. `refused`: 503, since too many waited or no thread could start. `error`: an operation answered with another 5xx.
 * `failed`: a task threw.
 */
export type IncidentKind = "blocked" | "killed" | "timeout" | "refused" | "error" | "failed";

/** One incident. */
export interface IncidentRow {
  /** Counted from 1. */
  readonly id: number;
  /** The number of its group. */
  readonly group: number;
  readonly at: number;
  readonly durationMs: number;
  /** 0 is the loop; null when it is not known. */
  readonly thread: number | null;
  /** The request it happened to; null when there was none, or it is not known. */
  readonly request: string | null;
}

/** Incidents of one kind, of one operation or task, at one place. */
export interface IncidentGroup {
  readonly id: number;
  /** The same in all processes. */
  readonly key: string;
  readonly kind: IncidentKind;
  /** The operation or task; null when it is not known. */
  readonly name: string | null;
  /** File name and line; null when they are not known. */
  readonly place: string | null;
  /** What the newest one threw or did, in a line; empty when there is nothing to say. */
  readonly message: string;
  readonly count: number;
  readonly firstAt: number;
  /** When the newest one began. */
  readonly lastAt: number;
  readonly longestMs: number;
  /** What is known about the newest one, a sentence each. */
  readonly facts: readonly string[];
  /** Of the newest one. Innermost first; empty when nothing is known. */
  readonly stack: readonly string[];
}

/** How an operation or task has run so far. */
export interface Figure {
  readonly name: number;
  readonly calls: number;
  readonly failed: number;
  readonly wait: SketchCounts;
  readonly run: SketchCounts;
}
