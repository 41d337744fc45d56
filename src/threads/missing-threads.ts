import type { Thread } from "./thread.ts";

/** A thread that takes no call for so long, held by something that a call has left running, does not come back. */
const MISSING_MS = 30_000;

/** Threads that were given calls and have taken none. */
export class MissingThreads {
  readonly #timers = new Map<Thread, NodeJS.Timeout>();
  readonly #onLost: (thread: Thread, ms: number) => void;

  /** @param onLost - Told of a thread that has been missing for too long. */
  constructor(onLost: (thread: Thread, ms: number) => void) {
    this.#onLost = onLost;
  }

  add(thread: Thread): void {
    if (this.#timers.has(thread)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(thread);
      const silentMs = performance.now() - thread.progressAt;
      if (thread.running === undefined && silentMs >= MISSING_MS) this.#onLost(thread, MISSING_MS);
    }, MISSING_MS);
    this.#timers.set(thread, timer.unref());
  }

  /** It is there again, or has ended. */
  delete(thread: Thread): void {
    clearTimeout(this.#timers.get(thread));
    this.#timers.delete(thread);
  }
}
