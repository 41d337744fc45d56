import type { Transferable } from "node:worker_threads";
import type { RunRecord } from "../../channels/channels.ts";
import type { OffloopError } from "../../errors/offloop-error.ts";
import type { EndedBy } from "../../operation/raw.ts";

/** Requests go before background work. */
export type CallClass = "request" | "background";

/** A thread, from the point of view of work that has left something open there. While it is held it does not leave. */
export interface ThreadHandle {
  hold(): void;
  release(): void;
  /** A stream is open there: until it ends, calls go to other threads first. */
  beginStream(): void;
  endStream(): void;
}

/** The party that waits for a call. */
export interface Waiter {
  /** Whether it waits no more: the client has hung up, or the server shuts down. */
  readonly isGone: boolean;
  /** Whether its client is still there, and gets an answer even while the server shuts down. Default: no. */
  readonly hasClient?: boolean;
  /** Who has ended the wait, once it is over. Default: the client. */
  readonly endedBy?: EndedBy;
  /** Whether the call is to be ended now, whatever it is doing. */
  readonly mustEnd?: boolean;
  /** Called with the progress that the call reports. */
  readonly onProgress?: (value: number) => void;
}

/** What a call runs for, and whose lines in the log are given the fields that its code adds. */
export interface Bindable {
  setBindings(fields: object): void;
}

/** One piece of work for a thread. */
export interface NewCall {
  /** Index of the work in the pool's table. */
  readonly work: number;
  readonly class: CallClass;
  readonly payload: unknown;
  /** Parts of the payload that move to the thread. Such a call cannot be taken back once it was sent. */
  readonly transfer: readonly Transferable[];
  /** How long it may run; undefined: without limit. */
  readonly timeoutMs: number | undefined;
  /** The party that waits for it. Checked before the call starts, and from time to time while it runs. */
  readonly waiter: Waiter | undefined;
  /** What it runs for; undefined for a task that no job runs. */
  readonly bindable?: Bindable | undefined;
  /** Filled in before the call settles, if given. */
  readonly record: RunRecord | undefined;
  /** Called once: with the thread's outcome, or with the error that prevented one. */
  readonly settle: (error: OffloopError | undefined, outcome: unknown, thread?: ThreadHandle) => void;
}

/** Accepts calls: the pool, or something that adds to it. */
export interface CallPool {
  /** Runs one piece of work on a thread. */
  run(call: NewCall): void;
  /** Runs a call about something that a thread holds open, on that thread. */
  runOn(thread: ThreadHandle, call: PinnedCall): void;
}

/** A call that the pool has accepted. */
export interface Call extends NewCall {
  /** Whether it is meant for the thread it was given to, and no other. */
  readonly pinned: boolean;
  /** Whether it asks a stream for its next chunk, which may come much later. */
  readonly isPull: boolean;
  /** When it arrived, from `performance.now()`. */
  readonly queuedAt: number;
  /** Its number in the order of arrival. */
  readonly order: number;
  /** Its ticket on the thread that holds it. */
  ticket: number;
  /**
   * Since when the thread knows that nobody waits for it any more, from `performance.now()`;
   * undefined while somebody does.
   */
  cancelledAt: number | undefined;
  /** Whether it was reported as keeping its thread. */
  isReported: boolean;
}

/**
 * A call about something that a thread holds open: only that thread may do it, and the call is not dropped when its
 * client goes.
 */
export type PinnedCall = Pick<NewCall, "work" | "payload" | "timeoutMs" | "waiter" | "bindable" | "settle"> &
  Partial<Pick<Call, "isPull" | "record">>;
