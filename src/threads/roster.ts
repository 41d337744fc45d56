import { threadChannel } from "../channels/channels.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { Hello } from "./messages.ts";
import type { PoolOptions } from "./pool-options.ts";
import { startError } from "./start-error.ts";
import { Thread } from "./thread.ts";
import type { ThreadListener, ThreadLoss } from "./thread-listener.ts";

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;
/** How long a thread that leaves may take to close what it has opened. */
const LEAVE_MS = 5_000;

/** What the roster tells the pool. */
export interface RosterListener extends Pick<ThreadListener<Thread>, "onResult" | "onResults"> {
  /** A thread has loaded the app and is idle, or has failed to. */
  onStarted(): void;
  /** A thread has ended. */
  onLoss(loss: ThreadLoss): void;
}

/** The threads there are: starting, idle, busy; and their coming and going. */
export class Roster implements ThreadListener<Thread> {
  readonly #options: PoolOptions;
  readonly #listener: RosterListener;
  readonly #threads = new Set<Thread>();
  readonly #starting = new Map<Thread, (error: OffloopError | undefined) => void>();
  /** The one used last is used next, so that those not needed idle long enough to leave. */
  readonly #idle: Thread[] = [];
  #leaving: NodeJS.Timeout | undefined;
  #retryMs = 0;
  #retryAt = 0;
  #failure: OffloopError | undefined;
  #closed = false;

  constructor(options: PoolOptions, listener: RosterListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Threads that hold a call, and those that are being ended: their place is not free before they are gone. */
  get busy(): number {
    return this.ready - this.#idle.length;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Threads that have loaded the app. */
  get ready(): number {
    return this.#threads.size - this.#starting.size;
  }

  /** Why the last thread could not start, while no later one could. */
  get failure(): OffloopError | undefined {
    return this.#failure;
  }

  [Symbol.iterator](): Iterator<Thread> {
    return this.#threads.values();
  }

  /** Takes an idle thread, to be given a call. */
  takeIdle(): Thread | undefined {
    return this.#idle.pop();
  }

  /** The thread holds no call: it is idle, unless it is being ended. */
  rest(thread: Thread): void {
    if (thread.ending) return;
    thread.idleSince = performance.now();
    this.#idle.push(thread);
    if (this.ready > 1) this.#leaving ??= setTimeout(() => this.#letLeave(), this.#options.idleMs).unref();
  }

  /** Starts threads until there are this many, unless the last start failed a moment ago. */
  growTo(count: number): void {
    if (this.#closed || performance.now() < this.#retryAt) return;
    while (this.#threads.size < count) {
      void this.startOne().then((error) => {
        if (error !== undefined && !this.#closed) this.#options.onStartFailure(error);
      });
    }
  }

  /** Starts one thread. Gives the error that kept it from loading the app, if there was one. */
  startOne(): Promise<OffloopError | undefined> {
    const thread = new Thread(this.#options, this);
    this.#threads.add(thread);
    return new Promise((resolve) => this.#starting.set(thread, resolve));
  }

  /** Ends all threads: those that idle may close what they have opened, the others end whatever they do. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#leaving);
    const gone = [...this.#threads].map(
      (thread) => new Promise((resolve) => thread.worker.once("exit", resolve)),
    );
    const idle = new Set(this.#idle.splice(0));
    for (const thread of this.#threads) {
      if (idle.has(thread)) leave(thread);
      else thread.end();
    }
    await Promise.all(gone);
  }

  onHello(thread: Thread, hello: Hello): void {
    const error = startError(hello, thread.id, this.#options);
    this.#settleStart(thread, error);
    if (error !== undefined) {
      thread.end();
      return;
    }
    threadChannel.publish({ event: "start", thread: thread.id, threads: this.ready });
    this.rest(thread);
    this.#listener.onStarted();
  }

  onResult(...result: Parameters<RosterListener["onResult"]>): void {
    this.#listener.onResult(...result);
  }

  onResults(thread: Thread): void {
    if (thread.load === 0) this.rest(thread);
    this.#listener.onResults(thread);
  }

  onExit(thread: Thread, loss: ThreadLoss): void {
    this.#threads.delete(thread);
    const place = this.#idle.indexOf(thread);
    if (place !== -1) this.#idle.splice(place, 1);
    if (this.#starting.has(thread)) {
      const message = loss.cause === undefined ? "it ended while it loaded the app" : String(loss.cause);
      this.#settleStart(thread, startError({ failed: { type: "Error", message } }, thread.id, this.#options));
    }
    threadChannel.publish({
      event: thread.ending ? "leave" : "exit",
      thread: thread.id,
      threads: this.ready,
    });
    this.#listener.onLoss(loss);
  }

  /** Sends away threads that have idled long enough; one stays. */
  #letLeave(): void {
    this.#leaving = undefined;
    const now = performance.now();
    let staying = [...this.#threads].filter((thread) => !thread.ending && !this.#starting.has(thread)).length;
    while (
      staying > 1 &&
      this.#idle[0] !== undefined &&
      now - this.#idle[0].idleSince >= this.#options.idleMs
    ) {
      leave(this.#idle.shift() as Thread);
      staying--;
    }
    const next = this.#idle[0];
    if (staying < 2 || next === undefined) return;
    this.#leaving = setTimeout(() => this.#letLeave(), next.idleSince + this.#options.idleMs - now).unref();
  }

  #settleStart(thread: Thread, error: OffloopError | undefined): void {
    const settle = this.#starting.get(thread);
    if (settle === undefined) return;
    this.#starting.delete(thread);
    this.#failure = error;
    this.#retryMs =
      error === undefined
        ? 0
        : Math.min(LAST_RETRY_MS, this.#retryMs === 0 ? FIRST_RETRY_MS : this.#retryMs * 2);
    this.#retryAt = performance.now() + this.#retryMs;
    settle(error);
    if (error === undefined) return;
    this.#listener.onStarted();
    // Without any thread nothing else would try again: calls are refused.
    setTimeout(() => {
      this.#retryAt = 0;
      this.growTo(1);
    }, this.#retryMs).unref();
  }
}

function leave(thread: Thread): void {
  thread.leave();
  const timer = setTimeout(() => thread.end(), LEAVE_MS);
  thread.worker.once("exit", () => clearTimeout(timer));
}
