import { availableParallelism } from "node:os";
import type { Resolved } from "../../app/settings/resolved.ts";
import type { ThreadSettings } from "../../app/settings/thread-settings.ts";
import { within } from "../../app/within.ts";
import { type ThreadEvent, threadChannel } from "../../channels/channels.ts";
import { thrownText } from "../../errors/described-error.ts";
import type { OffloopError } from "../../errors/offloop-error.ts";
import { clearTimeout, setTimeout } from "../../errors/timers.ts";
import type { Hello } from "../crossing/messages.ts";
import type { ThreadHandle } from "./call.ts";
import { AppFiles } from "./changed-files.ts";
import { type DeclaredWork, type FailedApp, idleExitError, startError } from "./errors.ts";
import { END_MS, type Killed } from "./exit.ts";
import { SilentThreads } from "./monitor.ts";
import { PoolRelay } from "./relay.ts";
import { Start } from "./start.ts";
import { Thread, type ThreadListener, type ThreadLoss, type ThreadOptions } from "./thread.ts";

/** Loading the app computes: more threads than this at once would only all be late. One may also wait for something. */
export const MOST_STARTING: number = Math.max(2, availableParallelism());

/** The options of a pool. */
export interface PoolOptions extends Resolved<Omit<ThreadSettings, "resourceLimits">>, ThreadOptions {
  /** All work, in the order of `workIds`; a call names its work by its index here. */
  readonly works: readonly DeclaredWork[];
  /** How long a thread may take to load the app, in milliseconds. */
  readonly startMs: number;
  /** Called for threads that did not load the app, or ended while no call ran in them. */
  readonly onThreadFailure: (error: OffloopError) => void;
  /** Called for the first thread that does not stand back as far as `priority` says. */
  readonly onNotIdle: (why: string) => void;
}

/** The existing threads, whether starting, idle or busy, and their coming and going. What they send goes to the pool. */
export class Roster {
  readonly #options: PoolOptions;
  readonly #listener: ThreadListener;
  /** What threads load. */
  readonly #app: FailedApp;
  readonly #threads = new Set<Thread>();
  /** Threads that have not loaded the app yet. */
  readonly #starting = new Map<Thread, Start>();
  readonly #idle: IdleThreads;
  /** Threads that are being ended because they take no call. */
  readonly #lost = new WeakSet<Thread>();
  readonly #silent = new SilentThreads((thread, ms) => {
    this.#report(thread, `it took no call for ${ms} ms`);
    this.#lost.add(thread);
    void thread.end();
  });
  readonly #delay = new StartDelay(() => this.growTo(this.#options.min));
  readonly #relay: PoolRelay;
  /** Whether it was reported that threads do not stand back far enough. */
  #isNotIdle = false;
  #closed = false;

  constructor(options: PoolOptions, listener: ThreadListener) {
    this.#options = options;
    this.#listener = listener;
    this.#app = { target: options.target, files: new AppFiles(options) };
    this.#idle = new IdleThreads(options, () => this.#staying);
    this.#relay = new PoolRelay(options.priority, () => this.#loaded);
  }

  /** Threads that hold a call, and those that are being ended: their place is not free before they are gone. */
  get busy(): number {
    return this.ready - this.#idle.size;
  }

  get idle(): number {
    return this.#idle.size;
  }

  /** Threads that hold a call or an open stream, which the next call should not disturb. */
  get inUse(): number {
    return this.ready - this.#idle.free;
  }

  /** All of them. */
  get size(): number {
    return this.#threads.size;
  }

  /** Threads that have not loaded the app yet. */
  get starting(): number {
    return this.#starting.size;
  }

  /** Threads that have loaded the app. */
  get ready(): number {
    return this.#threads.size - this.#starting.size;
  }

  /** Why the last thread could not start, until a later one does. */
  get failure(): OffloopError | undefined {
    return this.#delay.failure;
  }

  /** Whether there will be another thread, by itself or on request. */
  get expectsMore(): boolean {
    const { max, reserve } = this.#options;
    return this.#starting.size > 0 || (!this.#delay.isOn && this.#threads.size < max + reserve);
  }

  /** Whether calls may wait in any thread behind the one it runs. */
  get holdsAhead(): boolean {
    for (const { holdsAhead } of this.#threads) if (holdsAhead) return true;
    return false;
  }

  [Symbol.iterator](): Iterator<Thread> {
    return this.#threads.values();
  }

  /** The thread behind a handle, while it exists. */
  find(handle: ThreadHandle): Thread | undefined {
    const thread = handle as Thread;
    return this.#threads.has(thread) && !thread.isEnding ? thread : undefined;
  }

  /** The idle thread that is to be given the next call; undefined where all wait for streams. */
  get nextIdle(): Thread | undefined {
    return this.#idle.next;
  }

  /** Takes this thread out of the idle ones, if it is among them, to give it a call that is meant for it. */
  take(thread: Thread): void {
    this.#idle.delete(thread);
  }

  /** Makes a thread that runs nothing idle, unless it is being ended. */
  rest(thread: Thread): void {
    if (!thread.isFree || thread.isEnding) return;
    this.#silent.delete(thread);
    this.#idle.add(thread);
  }

  /** The thread has taken none of the calls it was given: it becomes idle when it reports back, or is ended. */
  expectWord(thread: Thread): void {
    this.#silent.add(thread);
  }

  /** A thread has returned results: threads can be used again. */
  prove(): void {
    this.#delay.prove();
  }

  /**
   * Starts threads until there are this many, but only a few at once, and none if the last start failed a moment ago.
   * Returns how many it has started.
   */
  growTo(count: number): number {
    if (this.#closed) return 0;
    const before = this.#threads.size;
    while (!this.#delay.isOn && this.#threads.size < count && this.#starting.size < MOST_STARTING) {
      void this.startOne().then((error) => {
        if (error !== undefined && !this.#closed) this.#options.onThreadFailure(error);
      });
    }
    return this.#threads.size - before;
  }

  /** Starts one thread. Resolves with the error that kept it from loading the app, if any. */
  startOne(): Promise<OffloopError | undefined> {
    let thread: Thread;
    try {
      thread = new Thread(this.#options, this.#listener);
    } catch (thrown) {
      const error = thrown as OffloopError;
      this.#delay.fail(error);
      return Promise.resolve(error);
    }
    const start = new Start(thread, this.#options.startMs, this.#app);
    this.#threads.add(thread);
    this.#starting.set(thread, start);
    return start.outcome;
  }

  /** A thread has loaded the app and is idle, or has failed to and is ended. Returns whether it can be used. */
  admit(thread: Thread, hello: Hello): boolean {
    const start = this.#starting.get(thread);
    if (start === undefined || thread.isEnding) return false; // it took too long
    const error = startError(hello, thread.id, this.#app);
    if (error !== undefined) {
      start.refuse(error);
      return false;
    }
    if ("ready" in hello && hello.notIdle !== undefined) this.#onNotIdle(hello.notIdle);
    this.#delay.succeed();
    this.#starting.delete(thread);
    start.succeed();
    this.#relay.link(thread);
    this.#publish("start", thread);
    this.rest(thread);
    return true;
  }

  /** A call has run for long: what such calls send goes by the relay from now on. */
  startRelay(): void {
    if (!this.#closed) this.#relay.start();
  }

  get #loaded(): Thread[] {
    return [...this.#threads].filter((thread) => !this.#starting.has(thread));
  }

  /** A thread has ended: it takes no more calls, though what it has sent may still be on its way. */
  retire(thread: Thread): void {
    this.#idle.delete(thread);
  }

  /** Everything that an ended thread has sent has arrived. */
  remove(thread: Thread, { started, cause }: ThreadLoss): void {
    this.#threads.delete(thread);
    this.#silent.delete(thread);
    this.#idle.delete(thread);
    const start = this.#starting.get(thread);
    if (start !== undefined) {
      this.#starting.delete(thread);
      this.#delay.fail(start.fail(cause));
      if (!this.#closed) this.#publish("fail", thread);
      return;
    }
    const { wasWanted, killed } = thread.exit;
    if (!wasWanted && started.length === 0) this.#onIdleExit(thread, cause);
    const isKilled = killed !== undefined || this.#lost.has(thread);
    this.#publish(isKilled ? "kill" : wasWanted ? "leave" : "exit", thread);
  }

  /**
   * Ends all threads: idle ones may close what they have opened; the others end whatever they are doing, except for a
   * native call.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#delay.stop();
    for (const thread of this.#threads) if (thread.load > 0) this.#idle.delete(thread);
    const gone = [...this.#threads].map((thread) =>
      thread.exit.within(this.#idle.has(thread) ? LEAVE_MS + END_MS : END_MS),
    );
    this.#idle.close();
    for (const thread of this.#threads) if (!thread.isEnding) void thread.end();
    await Promise.all(gone);
    // What ended threads have sent arrives first, unless the relay is choked by it.
    const arrived = Promise.all(
      [...this.#threads].filter(({ exit }) => exit.isOver).map(({ removed }) => removed),
    );
    await within(END_MS, arrived);
    await this.#relay.close();
    await arrived;
  }

  #onNotIdle(why: string): void {
    if (this.#isNotIdle) return;
    this.#isNotIdle = true;
    this.#options.onNotIdle(why);
  }

  #publish(event: ThreadEvent["event"], { id, exit: { killed } }: Thread): void {
    threadChannel.publish({ event, thread: id, threads: this.ready, ran: killed && this.#ran(killed) });
  }

  #ran({ call, reason }: Killed): ThreadEvent["ran"] {
    const work = this.#options.works[call.work];
    return work && { reason, work: work.id, file: work.location.file, line: work.location.line };
  }

  #onIdleExit(thread: Thread, cause: unknown): void {
    const error = this.#report(thread, cause === undefined ? "it exited" : thrownText(cause), cause);
    // A thread that ended before it did anything is no better than one that cannot start.
    if (!thread.isProven) this.#delay.fail(error);
  }

  #report(thread: Thread, why: string, cause?: unknown): OffloopError {
    const { id, lastWork } = thread;
    const last = lastWork === undefined ? undefined : this.#options.works[lastWork]?.id;
    const error = idleExitError({ id, last }, why, this.#options, cause);
    this.#options.onThreadFailure(error);
    return error;
  }

  get #staying(): number {
    let count = 0;
    for (const thread of this.#threads) if (!thread.isEnding && !this.#starting.has(thread)) count++;
    return count;
  }
}

/** How long a leaving thread may take to close what it has opened. */
const LEAVE_MS = 5_000;
/** How soon to check again on a thread that may not leave yet. */
const RECHECK_MS = 1_000;

interface Idle {
  readonly thread: Thread;
  /** From `performance.now()`. */
  readonly since: number;
}

/** The threads that run nothing. Those not needed leave after a while. */
class IdleThreads {
  /** The most recently used one is used next, so that those not needed idle long enough to leave. */
  readonly #idle: Idle[] = [];
  readonly #idleMs: number;
  readonly #min: number;
  readonly #staying: () => number;
  #leaving: NodeJS.Timeout | undefined;

  /**
   * @param options - How long a thread may idle, and how many stay regardless.
   * @param staying - How many threads there are, not counting those that are leaving.
   */
  constructor({ idleMs, min }: Pick<PoolOptions, "idleMs" | "min">, staying: () => number) {
    this.#idleMs = idleMs;
    this.#min = min;
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
    if (this.#leaving === undefined && this.#staying() > this.#min)
      this.#leaving = setTimeout(() => this.#letLeave(), this.#idleMs).unref();
  }

  /** How many of them have no open stream. */
  get free(): number {
    let count = 0;
    for (const { thread } of this.#idle) if (thread.openStreams === 0) count++;
    return count;
  }

  /** A call stops the streams of its thread, and takes them along if the thread has to be ended: it goes where none is. */
  get next(): Thread | undefined {
    const last = this.#idle.at(-1)?.thread;
    if (last === undefined || last.openStreams === 0) return last;
    const free = this.#idle.findLast(({ thread }) => thread.openStreams === 0);
    return free === undefined ? this.#leastDisturbed() : free.thread;
  }

  #leastDisturbed(): Thread | undefined {
    const now = performance.now();
    let found: Thread | undefined;
    for (const { thread } of this.#idle) {
      if (thread.isReserved(now)) continue;
      if (found === undefined || thread.openStreams < found.openStreams) found = thread;
    }
    return found;
  }

  delete(thread: Thread): void {
    const index = this.#indexOf(thread);
    if (index === -1) return;
    if (index === this.#idle.length - 1) this.#idle.pop();
    else this.#idle.splice(index, 1);
  }

  /** Sends all of them away. */
  close(): void {
    clearTimeout(this.#leaving);
    for (const { thread } of this.#idle.splice(0)) thread.leave(LEAVE_MS);
  }

  #indexOf(thread: Thread): number {
    // From the end, where the most recently used one is: it comes back most often.
    return this.#idle.findLastIndex((idle) => idle.thread === thread);
  }

  #letLeave(): void {
    this.#leaving = undefined;
    const now = performance.now();
    const longIdle = this.#idle.filter(({ thread, since }) => !thread.isHeld && now - since >= this.#idleMs);
    for (const { thread } of longIdle.slice(0, this.#spare(longIdle.length))) {
      this.delete(thread);
      thread.leave(LEAVE_MS);
    }
    const next = this.#idle.find(({ thread }) => !thread.isHeld);
    if (next === undefined || this.#staying() <= this.#min) return;
    const leftMs = next.since + this.#idleMs - now;
    this.#leaving = setTimeout(() => this.#letLeave(), leftMs > 0 ? leftMs : RECHECK_MS).unref();
  }

  /** How many may leave. While some are in use one more is kept warm, since the next call would only start it again. */
  #spare(longIdle: number): number {
    const inUse = this.#staying() - longIdle;
    return Math.max(0, this.#staying() - Math.max(this.#min, inUse === 0 ? 0 : inUse + 1));
  }
}

const FIRST_MS = 100;
const LAST_MS = 30_000;

/** The growing pause after threads that could not load the app, or that ended before they did anything. */
export class StartDelay {
  readonly #onOver: () => void;
  #ms = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: OffloopError | undefined;

  /** @param onOver - Called when a pause is over: while there is no thread, nothing else would try again. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** Whether no thread should be started now. */
  get isOn(): boolean {
    return performance.now() < this.#until;
  }

  /** Why the last thread failed, until a later one loads the app. */
  get failure(): OffloopError | undefined {
    return this.#failure;
  }

  fail(error: OffloopError): void {
    this.#failure = error;
    this.#ms = Math.min(LAST_MS, Math.max(FIRST_MS, this.#ms * 2));
    this.#until = performance.now() + this.#ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#until = 0;
      this.#onOver();
    }, this.#ms).unref();
  }

  /** A thread has loaded the app. */
  succeed(): void {
    this.#failure = undefined;
    this.#until = 0;
  }

  /** A thread has done something: the next pause is a short one again. */
  prove(): void {
    if (this.#failure === undefined) this.#ms = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
