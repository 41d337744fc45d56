import type { Transferable } from "node:worker_threads";

/** Requests go before background work. */
export type CallClass = "request" | "background";

/** One piece of work on its way to a thread and back. */
export interface Call {
  /** Index of the work in the pool's table. */
  readonly work: number;
  readonly class: CallClass;
  readonly payload: unknown;
  /** Parts of the payload that move to the thread. Such a call cannot be taken back once sent. */
  readonly transfer: readonly Transferable[];
  /** Called once: with the thread's outcome, or with the error that kept the call from having one. */
  readonly settle: (error: Error | undefined, outcome: unknown) => void;
  /** When it came, from `performance.now()`. */
  readonly queuedAt: number;
  /** Its place in the order of arrival. */
  readonly order: number;
  /** What it is claimed by on the thread that holds it. */
  ticket: number;
}
