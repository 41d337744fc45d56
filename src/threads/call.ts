import type { Transferable } from "node:worker_threads";
import type { OffloopError } from "../errors/offloop-error.ts";

/** Requests go before background work. */
export type CallClass = "request" | "background";

/** Who waits for a call. */
export interface Client {
  /** Whether it has hung up. */
  readonly isGone: boolean;
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
  readonly client: Client | undefined;
  /** Called once: with the thread's outcome, or with the error that kept the call from having one. */
  readonly settle: (error: OffloopError | undefined, outcome: unknown) => void;
}

/** A call the pool has taken on. */
export interface Call extends NewCall {
  /** When it came, from `performance.now()`. */
  readonly queuedAt: number;
  /** Its place in the order of arrival. */
  readonly order: number;
  /** Its ticket on the thread that holds it. */
  ticket: number;
  /** Whether it was told, while it ran, that nobody waits for it. */
  cancelled: boolean;
}

/** A call as the pool keeps it. */
export function takeOn(call: NewCall, order: number): Call {
  return { ...call, queuedAt: performance.now(), order, ticket: 0, cancelled: false };
}
