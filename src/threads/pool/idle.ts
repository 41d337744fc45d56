import type { Thread } from "./thread.ts";

/** How long a thread that leaves may take to close what it has opened. */
export const LEAVE_MS = 5_000;
/** How soon to look again at a thread that may not leave yet. */
const RECHECK_MS = 1_000;

interface Idle {
  readonly thread: Thread;
  /** From `performance.now()`. */
  readonly since: number;
}

/** The threads that hold no call. Those not needed leave after a while. */
export class IdleThreads {
  /** The one used last is used next, so that those not needed idle long enough to leave. */
  readonly #idle: Idle[] = [];
  readonly #idleMs: number;
  readonly #staying: () => number;
  #leaving: NodeJS.Timeout | undefined;

  /**
   * @param idleMs - How long a thread may idle.
   * @param staying - How many threads there are, those that are leaving left out; one stays.
   */
  constructor(idleMs: number, staying: () => number) {
    this.#idleMs = idleMs;
    this.#staying = staying;
  }

  get size(): number {
    return this.#idle.length;
  }

  has(thread: Thread): boolean {
    return this.#indexOf(thread) !== -1;
  }

  add(thread: Thread): void {
    if (this.has(thread)) return;
    this.#idle.push({ thread, since: performance.now() });
    if (this.#leaving === undefined && this.#staying() > 1)
      this.#leaving = setTimeout(() => this.#letLeave(), this.#idleMs).unref();
  }

  take(): Thread | undefined {
    return this.#idle.pop()?.thread;
  }

  delete(thread: Thread): void {
    const index = this.#indexOf(thread);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  /** Sends all away. */
  close(): void {
    clearTimeout(this.#leaving);
    for (const { thread } of this.#idle.splice(0)) thread.leave(LEAVE_MS);
  }

  #indexOf(thread: Thread): number {
    // From the end, where the one used last is: it comes back most often.
    return this.#idle.findLastIndex((idle) => idle.thread === thread);
  }

  #letLeave(): void {
    this.#leaving = undefined;
    const now = performance.now();
    const spare = Math.max(0, this.#staying() - 1);
    const longIdle = this.#idle.filter(({ thread, since }) => !thread.isHeld && now - since >= this.#idleMs);
    for (const { thread } of longIdle.slice(0, spare)) {
      this.delete(thread);
      thread.leave(LEAVE_MS);
    }
    const next = this.#idle.find(({ thread }) => !thread.isHeld);
    if (next === undefined || this.#staying() < 2) return;
    const leftMs = next.since + this.#idleMs - now;
    this.#leaving = setTimeout(() => this.#letLeave(), leftMs > 0 ? leftMs : RECHECK_MS).unref();
  }
}

/** A thread that takes no call for so long, held by something that a call has left running, does not come back. */
const SILENT_MS = 30_000;

/** Threads that were given calls and have taken none of them. */
export class SilentThreads {
  readonly #timers = new Map<Thread, NodeJS.Timeout>();
  readonly #onLost: (thread: Thread, ms: number) => void;

  /** @param onLost - Told of a thread that has been silent for too long. */
  constructor(onLost: (thread: Thread, ms: number) => void) {
    this.#onLost = onLost;
  }

  add(thread: Thread): void {
    if (this.#timers.has(thread)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(thread);
      const silentMs = performance.now() - thread.progressAt;
      if (thread.running === undefined && silentMs >= SILENT_MS) this.#onLost(thread, SILENT_MS);
    }, SILENT_MS);
    this.#timers.set(thread, timer.unref());
  }

  /** It is there again, or has ended. */
  delete(thread: Thread): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(thread));
    this.#timers.delete(thread);
  }
}
