import type { Transferable } from "node:worker_threads";
import type { RunRecord } from "../../channels/channels.ts";
import type { OffloopError } from "../../errors/offloop-error.ts";

/** Requests go before background work. */
export type CallClass = "request" | "background";

/** A thread, as the work sees it that has left something open there. As long as it is held, it does not leave. */
export interface ThreadHandle {
  hold(): void;
  release(): void;
}

/** Who waits for a call. */
export interface Waiter {
  /** Whether it has hung up. */
  readonly isGone: boolean;
  /** Whether the call is to be ended now, whatever it does. */
  readonly mustEnd?: boolean;
  /** Told how far the call says it is. */
  readonly onProgress?: (value: number) => void;
}

/** One piece of work for a thread. */
export interface NewCall {
  /** Index of the work in the pool's table. */
  readonly work: number;
  readonly class: CallClass;
  readonly payload: unknown;
  /** Parts of the payload that move to the thread. Such a call cannot be taken back once sent. */
  readonly transfer: readonly Transferable[];
  /** How long it may run; undefined: for ever. */
  readonly timeoutMs: number | undefined;
  /** Who waits for it. Looked at before it is started, and now and then while it runs. */
  readonly waiter: Waiter | undefined;
  /** Filled in before it settles, when someone wants to know. */
  readonly record: RunRecord | undefined;
  /** Called once: with the thread's outcome, or with the error that kept the call from having one. */
  readonly settle: (error: OffloopError | undefined, outcome: unknown, thread?: ThreadHandle) => void;
}

/** What takes calls: the pool, or one that does more about them. */
export interface CallPool {
  /** Has a thread do one piece of work. */
  run(call: NewCall): void;
  /** Has the thread that holds something open do what concerns that. */
  runOn(thread: ThreadHandle, call: PinnedCall): void;
}

/** A call the pool has taken on. */
export interface Call extends NewCall {
  /** It is meant for the thread it was given to, and no other. */
  readonly pinned: boolean;
  /** When it came, from `performance.now()`. */
  readonly queuedAt: number;
  /** Its number in the order of arrival. */
  readonly order: number;
  /** Its ticket on the thread that holds it. */
  ticket: number;
  /** Since when the thread knows that nobody waits for it any more, from `performance.now()`; undefined while somebody does. */
  cancelledAt: number | undefined;
  /** Whether it was reported that it keeps its thread. */
  isReported: boolean;
}

/** A call about something a thread holds open: nobody else may do it, and it is not dropped when its client goes. */
export type PinnedCall = Pick<NewCall, "work" | "payload" | "timeoutMs" | "waiter" | "settle">;
