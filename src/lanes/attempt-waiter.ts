import type { Waiter } from "../threads/pool/call.ts";

/** Whoever waits for an attempt: has it aborted, and ended. */
export class AttemptWaiter implements Waiter {
  readonly onProgress: (value: number) => void;
  readonly #controller = new AbortController();
  mustEnd = false;

  constructor(onProgress: (value: number) => void) {
    this.onProgress = onProgress;
  }

  get isGone(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Of an attempt on the loop; a thread has a signal of its own. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}
