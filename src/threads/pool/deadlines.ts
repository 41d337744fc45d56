import type { Call } from "./call.ts";
import type { Thread } from "./thread.ts";

/** How often running calls are looked at when nothing is due earlier. */
const ROUND_MS = 50;

/** What the rounds tell the pool. */
export interface RoundsListener {
  /** A call has run for longer than it may. */
  onLate(thread: Thread, call: Call, ms: number): void;
  /** A thread holds calls, runs none, and has given no result for long. */
  onStuck(thread: Thread): void;
}

/**
 * Looks at the running calls now and then: ends those past their deadline, tells those whose client has gone, and
 * finds threads that do not start what they hold. One timer for all calls, so that short ones pay next to nothing.
 */
export class Rounds {
  readonly #threads: Iterable<Thread>;
  readonly #listener: RoundsListener;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(threads: Iterable<Thread>, listener: RoundsListener) {
    this.#threads = threads;
    this.#listener = listener;
  }

  /** A call goes to a thread: the next round must not come later than it needs. */
  expect({ timeoutMs }: Call): void {
    if (timeoutMs !== undefined) this.#within(Math.min(timeoutMs, ROUND_MS));
    else if (this.#timer === undefined) this.#within(ROUND_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #within(ms: number): void {
    const dueAt = performance.now() + ms;
    if (dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const thread of [...this.#threads]) {
      if (thread.load === 0 || thread.ending) continue;
      const running = thread.running;
      if (running === undefined && performance.now() - thread.progressAt >= ROUND_MS)
        this.#listener.onStuck(thread);
      // It may hold a call that it has not started yet: look again soon.
      const next = running === undefined ? ROUND_MS : this.#judge(thread, running.call, running.ms);
      if (next !== undefined) this.#within(next);
    }
  }

  /** After how many milliseconds to look at the call again. */
  #judge(thread: Thread, call: Call, ms: number): number | undefined {
    const { timeoutMs, waiter } = call;
    if (timeoutMs !== undefined && ms >= timeoutMs) {
      this.#listener.onLate(thread, call, ms);
      return undefined;
    }
    if (waiter?.isGone === true && !call.cancelled) thread.cancel(call);
    return timeoutMs === undefined ? ROUND_MS : Math.min(ROUND_MS, timeoutMs - ms);
  }
}
