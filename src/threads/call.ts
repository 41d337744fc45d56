import type { Transferable } from "node:worker_threads";

/** Requests go before background work. */
export type CallClass = "request" | "background";

/** A thread, as those see it who have left something open in it. */
export interface Holder {
  /** How many replies it holds open: as long as there is one, it must not leave. */
  open: number;
}

/** One piece of work on its way to a thread and back. */
export interface Call {
  /** Index of the work in the pool's table. */
  readonly work: number;
  readonly class: CallClass;
  readonly payload: unknown;
  /** Parts of the payload that move to the thread. Such a call cannot be taken back once sent. */
  readonly transfer: readonly Transferable[];
  /** Called once: with the thread's outcome, or with the error that kept the call from having one. */
  readonly settle: (error: Error | undefined, outcome: unknown, holder: Holder | undefined) => void;
  /** It is meant for the thread it was given to, and no other. */
  readonly pinned: boolean;
  /** When it came, from `performance.now()`. */
  readonly queuedAt: number;
  /** Its place in the order of arrival. */
  readonly order: number;
  /** What it is claimed by on the thread that holds it. */
  ticket: number;
}

/** Makes a call that waits from now on. */
export function createCall(
  work: number,
  callClass: CallClass,
  { payload, transfer }: { readonly payload: unknown; readonly transfer: readonly Transferable[] },
  settle: Call["settle"],
  order: number,
  pinned: boolean,
): Call {
  return {
    work,
    class: callClass,
    payload,
    transfer,
    settle,
    pinned,
    queuedAt: performance.now(),
    order,
    ticket: 0,
  };
}
