import type { SketchCounts } from "./page/sketch.ts";

/** One message to a page. Times of day are milliseconds since `origin`; durations are milliseconds. */
export interface Batch {
  /** Which of the processes that share a port sends it; absent when there is only one. */
  readonly worker?: number;
  /** Only in a process's first batch to a connection. */
  readonly hello?: Hello;
  /** The time of day in the process. */
  readonly now: number;
  /** Names not sent before; a name's number is its position in the order of sending. */
  readonly names?: readonly Name[];
  /** Runs that ended since the last batch. */
  readonly runs?: readonly RunRow[];
  /** Runs that ended since the last batch but are left out, since there were too many. */
  readonly lost?: number;
  /** How responses have ended since the last batch: streams, and others that were not sent whole. */
  readonly ends?: readonly EndRow[];
  /** Runs in progress, if they have changed: the oldest ones. */
  readonly running?: Running;
  /** Threads of the pool, if they have changed. */
  readonly threads?: readonly number[];
  /** How full the pool is, while it is open. */
  readonly pool?: PoolState;
  /** Incidents since the last batch, in the order in which they became known. */
  readonly incidents?: readonly IncidentRow[];
  /** Groups of incidents that are new, or that have grown. */
  readonly groups?: readonly IncidentGroup[];
  /** One for each name that has run since these were last sent. */
  readonly figures?: readonly Figure[];
  /** The process has ended: it will send nothing more. */
  readonly gone?: true;
}

/** What does not change while a process runs. */
export interface Hello {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly origin: number;
  /** Distinguishes runs of the server. The same for all processes that share a port. */
  readonly server: number;
}

/** An operation, a task, or the production of an operation's streams. */
export interface Name {
  readonly kind: "operation" | "task" | "stream";
  /** `GET /items/:item_id`, the task's name, or `stream of GET /items/:item_id`. */
  readonly name: string;
  readonly lane: "loop" | "thread";
}

/**
 * A run that ended: it was handed to its lane, waited, and ran. The thread is 0 for the loop, and null when it ran on
 * none or is not known. The slot distinguishes runs that are on the loop at the same time. The outcome is a status; for a
 * task 1 when it returned, for chunks of a stream 2 when they came, for both 0 when they threw. The job is the one it was
 * an attempt of.
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

/** How the response to a request ended: whole, its stream broken, its client gone, or cut by the shutdown. */
export type EndRow = readonly [request: string, outcome: "sent" | "broken" | "gone" | "cut"];

/** A run in progress: on the loop it is running; for a thread it may still be waiting. */
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
  /** Maximum number of threads. */
  readonly max: number;
  /** Calls that are waiting for a thread. */
  readonly waiting: number;
  /** How long the oldest of them has been waiting. */
  readonly oldestMs: number;
}

/**
 * What should not happen. `blocked`: the loop did not turn. `killed`: a call ran past its deadline and its thread was
 * ended. `ended`: a thread was ended for another reason. `timeout`: a call ran past its deadline on the loop, where
 * nothing can end a function. `refused`: 503, since too many calls waited or no thread could start. `error`: an
 * operation answered with another 5xx. `broken`: a stream threw after its head was sent. `failed`: a task threw.
 */
export type IncidentKind =
  | "blocked"
  | "killed"
  | "ended"
  | "timeout"
  | "refused"
  | "error"
  | "broken"
  | "failed";

/** One incident. */
export interface IncidentRow {
  /** Counted from 1. */
  readonly id: number;
  /** The number of its group. */
  readonly group: number;
  readonly at: number;
  readonly durationMs: number;
  /** 0 is the loop; null when not known. */
  readonly thread: number | null;
  /** The request it happened to; null when there was none, or it is not known. */
  readonly request: string | null;
}

/** Incidents of one kind, in one operation or task, at one place. */
export interface IncidentGroup {
  readonly id: number;
  /** The same in all processes. */
  readonly key: string;
  readonly kind: IncidentKind;
  /** The operation or task; null when not known. */
  readonly name: string | null;
  /** File name and line; null when not known. */
  readonly place: string | null;
  /** What the newest one threw or did, in one line; empty when there is nothing to say. */
  readonly message: string;
  readonly count: number;
  readonly firstAt: number;
  /** When the newest one began. */
  readonly lastAt: number;
  readonly longestMs: number;
  /** What is known about the newest one, one sentence each. */
  readonly facts: readonly string[];
  /** The stack of the newest one, innermost first; empty when not known. */
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
