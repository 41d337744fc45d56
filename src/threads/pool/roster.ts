import type { ThreadSettings } from "../../app/settings.ts";
import { type ThreadEvent, threadChannel } from "../../channels/channels.ts";
import type { OffloopError } from "../../errors/offloop-error.ts";
import type { Hello, ThreadOptions } from "../crossing/messages.ts";
import type { Call, Holder } from "./call.ts";
import type { WorkPlace } from "./call-error.ts";
import { idleExitError, StartDelay, StartingThreads, startError } from "./start.ts";
import { exitWithin, Thread, type ThreadListener, type ThreadLoss } from "./thread.ts";

/** One that has not ended for so long is inside a native call, like execSync, and ends only when that returns. */
const END_MS = 2_000;

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
  readonly #starting: StartingThreads;
  readonly #idle: IdleThreads;
  readonly #missing = new MissingThreads((thread, ms) => {
    this.#report(thread, `it took no call for ${ms} ms`);
    thread.end();
  });
  readonly #delay = new StartDelay(() => this.growTo(1));
  #closed = false;

  constructor(options: PoolOptions, listener: RosterListener) {
    this.#options = options;
    this.#listener = listener;
    this.#starting = new StartingThreads(options, options.startMs);
    this.#idle = new IdleThreads(options.idleMs, () => this.#staying);
  }

  /** Threads that hold a call, and those that are being ended: their place is not free before they are gone. */
  get busy(): number {
    return this.ready - this.#idle.size;
  }

  get idle(): number {
    return this.#idle.size;
  }

  /** Threads that have loaded the app. */
  get ready(): number {
    return this.#threads.size - this.#starting.size;
  }

  /** Why the last thread could not start, while no later one could. */
  get failure(): OffloopError | undefined {
    return this.#delay.failure;
  }

  [Symbol.iterator](): Iterator<Thread> {
    return this.#threads.values();
  }

  /** Whether a thread holds calls besides the one it runs. */
  get holdsAhead(): boolean {
    for (const { load } of this.#threads) if (load > 1) return true;
    return false;
  }

  /** Takes an idle thread, to be given a call. */
  takeIdle(): Thread | undefined {
    return this.#idle.take();
  }

  /** The thread that holds something open, while it is there. */
  find(holder: Holder): Thread | undefined {
    const thread = holder as Thread;
    return this.#threads.has(thread) && !thread.ending ? thread : undefined;
  }

  /** Takes this thread out of the idle ones, if it is among them: it is given a call that is meant for it. */
  take(thread: Thread): void {
    this.#idle.delete(thread);
  }

  /** The thread holds no call: it is idle, unless it is being ended. */
  rest(thread: Thread): void {
    if (thread.ending) return;
    this.#missing.delete(thread);
    this.#idle.add(thread);
  }

  /** The thread has taken none of the calls it was given: it is idle again when it says so, or is ended. */
  miss(thread: Thread): void {
    this.#missing.add(thread);
  }

  /** Starts threads until there are this many, unless the last start failed a moment ago. */
  growTo(count: number): void {
    if (this.#closed || this.#delay.isOn) return;
    while (this.#threads.size < count) {
      void this.startOne().then((error) => {
        if (error !== undefined && !this.#closed) this.#options.onThreadFailure(error);
      });
    }
  }

  /** Starts one thread. Gives the error that kept it from loading the app, if there was one. */
  startOne(): Promise<OffloopError | undefined> {
    const thread = new Thread(this.#options, this);
    this.#threads.add(thread);
    return this.#starting.add(thread);
  }

  /** Ends all threads: those that idle may close what they have opened, the others end whatever they do but a native call. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#delay.stop();
    const gone = [...this.#threads].map((thread) =>
      exitWithin(thread.worker, this.#idle.has(thread) ? LEAVE_MS + END_MS : END_MS),
    );
    this.#idle.close();
    for (const thread of this.#threads) if (!thread.ending) thread.end();
    await Promise.all(gone);
  }

  onHello(thread: Thread, hello: Hello): void {
    const error = startError(hello, thread.id, this.#options);
    if (error !== undefined) {
      this.#starting.refuse(thread, error);
      return;
    }
    this.#delay.succeed();
    this.#starting.succeed(thread);
    threadChannel.publish({ event: "start", thread: thread.id, threads: this.ready });
    this.rest(thread);
    this.#listener.onStarted();
  }

  onResult(...result: Parameters<RosterListener["onResult"]>): void {
    this.#listener.onResult(...result);
  }

  onResults(thread: Thread): void {
    if (thread.load === 0) this.rest(thread);
    if (thread.proven) this.#delay.prove();
    this.#listener.onResults(thread);
  }

  onExit(thread: Thread, loss: ThreadLoss): void {
    this.#threads.delete(thread);
    this.#missing.delete(thread);
    this.#idle.delete(thread);
    if (this.#starting.has(thread)) {
      this.#delay.fail(this.#starting.fail(thread, loss.cause));
      this.#listener.onStarted();
    } else {
      if (!thread.ending && loss.started.length === 0) this.#onIdleExit(thread, loss.cause);
      this.#publishEnd(thread);
    }
    this.#listener.onLoss(loss);
  }

  /** Of one that has started: nobody has been told of another. */
  #publishEnd({ id, killedFor, ending }: Thread): void {
    threadChannel.publish({
      event: killedFor ? "kill" : ending ? "leave" : "exit",
      thread: id,
      threads: this.ready,
      ran: this.#ran(killedFor),
    });
  }

  #ran(call: Call | undefined): ThreadEvent["ran"] {
    const place = call && this.#options.works[call.work];
    return place && { work: place.id, file: place.location.file, line: place.location.line };
  }

  #onIdleExit(thread: Thread, cause: unknown): void {
    const error = this.#report(thread, cause === undefined ? "it exited" : String(cause));
    // One that ended before it did anything is no better than one that cannot start.
    if (!thread.proven) this.#delay.fail(error);
  }

  #report(thread: Thread, why: string): OffloopError {
    const error = idleExitError(thread.id, why, this.#options);
    this.#options.onThreadFailure(error);
    return error;
  }

  get #staying(): number {
    return [...this.#threads].filter((thread) => !thread.ending && !this.#starting.has(thread)).length;
  }
}

/** How long a thread that leaves may take to close what it has opened. */
const LEAVE_MS = 5_000;
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
    const leftMs = next.idleSince + this.#idleMs - now;
    this.#leaving = setTimeout(() => this.#letLeave(), leftMs > 0 ? leftMs : RECHECK_MS).unref();
  }
}

function leave(thread: Thread): void {
  thread.leave();
  const timer = setTimeout(() => thread.end(), LEAVE_MS);
  thread.worker.once("exit", () => clearTimeout(timer));
}

/** A thread that takes no call for so long, held by something that a call has left running, does not come back. */
const MISSING_MS = 30_000;

/** Threads that were given calls and have taken none. */
class MissingThreads {
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

/** What a pool needs to know. */
export interface PoolOptions extends Required<Omit<ThreadSettings, "resourceLimits">>, ThreadOptions {
  /** All work, in the order of `workIds`; a call names its work by its index here. */
  readonly works: readonly WorkPlace[];
  /** How long a thread may take to load the app, in milliseconds. */
  readonly startMs: number;
  /** Told of threads that did not load the app, or ended while no call ran in them. */
  readonly onThreadFailure: (error: OffloopError) => void;
}
