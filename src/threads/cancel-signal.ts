import { type Board, isCancelled } from "./board.ts";

/** A call as its thread knows it. */
export interface ThreadCall {
  readonly slot: number;
  readonly ticket: number;
}

/** A call's signal in its thread. */
export interface CancelSignal {
  readonly signal: AbortSignal;
  /** Aborts it, for code that listens. */
  abort(): void;
}

/**
 * Makes the signal of a running call. It aborts when the pool says so by message, as any signal does while its code
 * awaits; and asked in the middle of synchronous code it looks at the shared memory, so that a loop can stop.
 *
 * @param call - Gives the call that runs for it now: a body that is still made is pulled by calls of its own.
 */
export function createCancelSignal(board: Board, call: () => ThreadCall): CancelSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (): void => controller.abort(new DOMException("The client has hung up", "AbortError"));
  const aborted = (): boolean => {
    if (signal.reason !== undefined) return true;
    const { slot, ticket } = call();
    const isSo = isCancelled(board, slot, ticket);
    if (isSo) abort();
    return isSo;
  };
  Object.defineProperties(signal, {
    aborted: { get: aborted },
    throwIfAborted: {
      value: () => {
        if (aborted()) throw signal.reason;
      },
    },
  });
  return { signal, abort };
}
