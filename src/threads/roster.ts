import { threadChannel } from "../channels/channels.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { Hello } from "./messages.ts";
import type { PoolOptions } from "./pool-options.ts";
import { startError } from "./start-error.ts";
import { Thread, type ThreadListener, type ThreadLoss } from "./thread.ts";

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;

/** What the roster tells the pool. */
export interface RosterListener extends Pick<ThreadListener, "onResult" | "onIdle"> {
  /** A thread has loaded the app and is idle. */
  onReady(): void;
  /** A thread has ended. */
  onLoss(loss: ThreadLoss): void;
}

/** The threads there are: starting, idle, busy; and their coming and going. */
export class Roster implements ThreadListener {
  readonly #options: PoolOptions;
  readonly #listener: RosterListener;
  readonly #threads = new Set<Thread>();
  readonly #starting = new Map<Thread, (error: OffloopError | undefined) => void>();
  /** The one used last is used next, so that those not needed idle long enough to leave. */
  readonly #idle: Thread[] = [];
  #leaving: NodeJS.Timeout | undefined;
  #retryMs = 0;
  #retryAt = 0;
  #closed = false;

  constructor(options: PoolOptions, listener: RosterListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Threads that hold a call. */
  get busy(): number {
    return this.#threads.size - this.#starting.size - this.#idle.length;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Threads that have loaded the app. */
  get ready(): number {
    return this.#threads.size - this.#starting.size;
  }

  [Symbol.iterator](): Iterator<Thread> {
    return this.#threads.values();
  }

  /** Takes an idle thread, to be given a call. */
  takeIdle(): Thread | undefined {
    return this.#idle.pop();
  }

  /** Takes this thread out of the idle ones, if it is among them: it is given a call. */
  take(thread: Thread): void {
    const place = this.#idle.indexOf(thread);
    if (place !== -1) this.#idle.splice(place, 1);
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

  /** Ends all threads, whatever they do. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#leaving);
    await Promise.all([...this.#threads].map((thread) => thread.worker.terminate()));
  }

  onHello(thread: Thread, hello: Hello): void {
    const error = startError(hello, thread.id, this.#options);
    if (error === undefined) {
      this.#retryMs = 0;
      this.#settleStart(thread, undefined);
      threadChannel.publish({ event: "start", thread: thread.id, threads: this.ready });
      this.#rest(thread);
      this.#listener.onReady();
    } else {
      this.#failStart(thread, error);
      void thread.worker.terminate();
    }
  }

  onResult(...result: Parameters<ThreadListener["onResult"]>): void {
    this.#listener.onResult(...result);
  }

  onIdle(thread: Thread): void {
    if (thread.load === 0) this.#rest(thread);
    this.#listener.onIdle(thread);
  }

  onExit(thread: Thread, loss: ThreadLoss): void {
    this.#threads.delete(thread);
    this.take(thread);
    if (this.#starting.has(thread)) {
      const failed = {
        type: "Error",
        message: loss.cause === undefined ? "it ended while it loaded the app" : String(loss.cause),
      };
      this.#failStart(thread, startError({ failed }, thread.id, this.#options));
    }
    threadChannel.publish({ event: "exit", thread: thread.id, threads: this.ready });
    this.#listener.onLoss(loss);
  }

  #rest(thread: Thread): void {
    thread.idleSince = performance.now();
    this.#idle.push(thread);
    this.#leaving ??=
      this.ready > 1 ? setTimeout(() => this.#letLeave(), this.#options.idleMs).unref() : undefined;
  }

  /** Ends threads that have idled long enough; the first of all stays. */
  #letLeave(): void {
    this.#leaving = undefined;
    const now = performance.now();
    const leavers = this.#idle.filter(
      ({ idleSince, open }) => open === 0 && now - idleSince >= this.#options.idleMs,
    );
    for (const thread of leavers.slice(0, this.ready - 1)) {
      this.take(thread);
      this.#threads.delete(thread);
      threadChannel.publish({ event: "leave", thread: thread.id, threads: this.ready });
      void thread.worker.terminate();
    }
    const next = this.#idle.find(({ open }) => open === 0);
    if (this.ready < 2 || next === undefined) return;
    const waitMs = Math.max(0, next.idleSince + this.#options.idleMs - now);
    this.#leaving = setTimeout(() => this.#letLeave(), waitMs).unref();
  }

  #failStart(thread: Thread, error: OffloopError | undefined): void {
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs === 0 ? FIRST_RETRY_MS : this.#retryMs * 2);
    this.#retryAt = performance.now() + this.#retryMs;
    this.#settleStart(thread, error);
  }

  #settleStart(thread: Thread, error: OffloopError | undefined): void {
    const settle = this.#starting.get(thread);
    this.#starting.delete(thread);
    settle?.(error);
  }
}
