import type { Thread } from "./thread.ts";

/** How long a thread that leaves may take to close what it has opened. */
export const LEAVE_MS = 5_000;
/** How soon to look again at a thread that may not leave yet. */
const RECHECK_MS = 1_000;

/** The threads that hold no call. Those not needed leave after a while. */
export class IdleThreads {
  /** The one used last is used next, so that those not needed idle long enough to leave. */
  readonly #threads: Thread[] = [];
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
    return this.#threads.length;
  }

  has(thread: Thread): boolean {
    return this.#threads.includes(thread);
  }

  add(thread: Thread): void {
    if (this.has(thread)) return;
    thread.idleSince = performance.now();
    this.#threads.push(thread);
    if (this.#leaving === undefined && this.#staying() > 1)
      this.#leaving = setTimeout(() => this.#letLeave(), this.#idleMs).unref();
  }

  take(): Thread | undefined {
    return this.#threads.pop();
  }

  delete(thread: Thread): void {
    const place = this.#threads.indexOf(thread);
    if (place !== -1) this.#threads.splice(place, 1);
  }

  /** Sends all away. */
  close(): void {
    clearTimeout(this.#leaving);
    for (const thread of this.#threads.splice(0)) leave(thread);
  }

  #letLeave(): void {
    this.#leaving = undefined;
    const now = performance.now();
    const spare = this.#staying() - 1;
    const longIdle = this.#threads.filter(
      ({ open, idleSince }) => open === 0 && now - idleSince >= this.#idleMs,
    );
    for (const thread of longIdle.slice(0, Math.max(0, spare))) {
      this.delete(thread);
      leave(thread);
    }
    const next = this.#threads.find(({ open }) => open === 0);
    if (next === undefined || this.#staying() < 2) return;
    const leftMs = Math.max(RECHECK_MS, next.idleSince + this.#idleMs - now);
    this.#leaving = setTimeout(() => this.#letLeave(), leftMs).unref();
  }
}

function leave(thread: Thread): void {
  thread.leave();
  const timer = setTimeout(() => thread.end(), LEAVE_MS);
  thread.worker.once("exit", () => clearTimeout(timer));
}
