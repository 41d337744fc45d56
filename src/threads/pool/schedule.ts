import { availableParallelism } from "node:os";
import type { OffloopError } from "../../errors/offloop-error.ts";
import { RunHistory, SHORT_MS } from "../crossing/work.ts";
import type { Call, NewCall, ThreadHandle } from "./call.ts";
import { busyError, type DeclaredWork, exitedError, goneError, noThreadsError } from "./errors.ts";
import { isForNobody, type PinnedCalls, type WaitingCalls } from "./queue.ts";
import { MOST_STARTING, type PoolOptions, type Roster } from "./roster.ts";
import type { Thread } from "./thread.ts";

/** Quick calls wake no more threads than there are cores: waking one costs more than running them. */
const CORES = availableParallelism();

/** For this long a call waits for a thread that loads the app rather than stop a stream. */
const START_MS = 500;

/** The decision about a waiting call: it goes to a thread, or is refused. */
export type Step =
  | { readonly call: Call; readonly thread: Thread; readonly isQuick: boolean }
  | { readonly call: Call; readonly refused: OffloopError };

/** Decides which call goes to which thread next. */
export class Schedule {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting: WaitingCalls;
  readonly #pinned: PinnedCalls;
  readonly #loads: WorkLoads;
  readonly #express: ExpressLane;
  /** A stream that has had its share comes after a call that waits. */
  readonly #isTurn = (handle: ThreadHandle, call: Call): boolean => {
    const thread = this.#roster.find(handle);
    if (thread?.hasRoomFor(call) === false) return false;
    return !(call.isPull && this.#waiting.size > 0 && thread?.owesCalls === true);
  };
  /** What waits may be meant for another thread: nothing is gained if this one stands still. */
  readonly #isUnwanted = (handle: ThreadHandle, call: Call): boolean => {
    const thread = this.#roster.find(handle);
    return thread === undefined || (thread.hasRoomFor(call) && thread.isFree);
  };
  readonly #mayPass = (work: number): boolean => this.#express.isOpenTo(work);

  constructor(
    options: PoolOptions,
    roster: Roster,
    { waiting, pinned }: { readonly waiting: WaitingCalls; readonly pinned: PinnedCalls },
    { loads, express }: { readonly loads: WorkLoads; readonly express: ExpressLane },
  ) {
    this.#options = options;
    this.#roster = roster;
    this.#waiting = waiting;
    this.#pinned = pinned;
    this.#loads = loads;
    this.#express = express;
  }

  /** Takes the next waiting call and decides about it; undefined when none may go. */
  next(): Step | undefined {
    return (
      this.#nextPinned(this.#isTurn) ??
      this.#nextAhead() ??
      this.#nextIdle() ??
      this.#nextPinned(this.#isUnwanted)
    );
  }

  #nextPinned(mayTake: Parameters<PinnedCalls["take"]>[0]): Step | undefined {
    const found = this.#pinned.take(mayTake);
    if (found === undefined) return undefined;
    const [handle, call] = found;
    const thread = this.#roster.find(handle);
    if (thread === undefined) return { call, refused: exitedError(this.#workOf(call), "gone") };
    this.#roster.take(thread);
    return { call, thread, isQuick: false };
  }

  /** Once as many threads are awake as there are cores, a quick call joins other quick ones. */
  #nextAhead(): Step | undefined {
    if (this.#waiting.sizeOf("request") === 0) return undefined;
    if (this.#roster.idle > 0 && this.#roster.busy < CORES) return undefined;
    let thread: Thread | undefined;
    for (const candidate of this.#roster) {
      if (!candidate.takesAhead) continue;
      if (thread === undefined || candidate.load < thread.load) thread = candidate;
    }
    if (thread === undefined) return undefined;
    const call = this.#waiting.takeRequest(this.#loads.isQuick);
    if (call === undefined) return undefined;
    if (call.transfer.length === 0) return this.#wanted(call) ?? { call, thread, isQuick: true };
    this.#waiting.putBack([call]); // what was transferred could not be taken back: it waits for an idle thread
    return undefined;
  }

  /** Any call goes to an idle thread; beyond `max` busy ones, only calls that may use the express lane. */
  #nextIdle(): Step | undefined {
    const { max, reserve } = this.#options;
    const { busy, idle, nextIdle: thread } = this.#roster;
    if (thread === undefined || busy >= max + reserve) return undefined;
    const call = busy < max ? this.#nextFor(thread, idle) : this.#waiting.takeRequest(this.#mayPass);
    if (call === undefined) return undefined;
    const gone = this.#wanted(call);
    if (gone !== undefined) return gone;
    const isQuick = call.class === "request" && call.transfer.length === 0 && this.#loads.isQuick(call.work);
    this.#roster.take(thread);
    return { call, thread, isQuick };
  }

  /** A thread with streams is given only what is short as long as another will soon be there. */
  #nextFor(thread: Thread, idle: number): Call | undefined {
    if (thread.openStreams === 0 || this.#roster.starting === 0) return this.#nextOf(idle);
    const waitedMs = performance.now() - (this.#waiting.since ?? Number.POSITIVE_INFINITY);
    return waitedMs < START_MS ? this.#waiting.takeRequest(this.#loads.isShort) : this.#nextOf(idle);
  }

  /**
   * While another thread may come, nothing short waits for that one to load the app: short requests go first, as the
   * reserve is not there yet, and background work leaves the last idle thread to requests.
   */
  #nextOf(idle: number): Call | undefined {
    if (!this.#roster.expectsMore) return this.#waiting.take();
    const short = this.#options.reserve > 0 ? this.#waiting.takeRequest(this.#loads.isShort) : undefined;
    return short ?? (idle > 1 ? this.#waiting.take() : this.#waiting.takeRequest());
  }

  /** The decision about a call that nobody waits for any more; undefined while somebody does. */
  #wanted(call: Call): Step | undefined {
    if (!isForNobody(call)) return undefined;
    return { call, refused: goneError(this.#workOf(call), call) };
  }

  #workOf({ work }: Call): DeclaredWork {
    return this.#options.works[work] as DeclaredWork;
  }
}

/** How often a full queue is searched for calls that nobody waits for. */
const SEARCH_MS = 100;

const none: readonly Call[] = [];

/** Decides whether a call may wait: neither for threads that cannot come, nor behind more calls than the limits allow. */
export class Admission {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting: WaitingCalls;
  readonly #express: ExpressLane;
  readonly #drained = new DrainRate();
  #searchedAt = 0;

  constructor(options: PoolOptions, roster: Roster, waiting: WaitingCalls, express: ExpressLane) {
    this.#options = options;
    this.#roster = roster;
    this.#waiting = waiting;
    this.#express = express;
  }

  /** A call has ended; the next refusal estimates the wait from this. */
  recordEnd(now: number): void {
    this.#drained.record(now);
  }

  /**
   * Takes the calls whose clients have gone out of a full queue: they must not keep out a call that somebody waits for.
   */
  takeGone(call: NewCall): readonly Call[] {
    if (!this.#isFull(call)) return none;
    const now = performance.now();
    if (now - this.#searchedAt < SEARCH_MS) return none;
    this.#searchedAt = now;
    return this.#waiting.takeGone();
  }

  /** Why the call may not wait; undefined when it may. */
  refusal(call: NewCall): OffloopError | undefined {
    const { failure, ready } = this.#roster;
    if (failure !== undefined && ready === 0) return noThreadsError(this.#workOf(call), failure);
    if (!this.#isFull(call)) return undefined;
    const waiting = this.#waiting.sizeOf(call.class);
    const option = call.class === "request" ? "threads.maxQueue" : "threads.maxBackgroundQueue";
    return busyError(
      this.#workOf(call),
      { busy: this.#roster.busy, max: this.#options.max, waiting, option },
      this.#drained.retryAfterS(waiting, performance.now()),
    );
  }

  #isFull(call: NewCall): boolean {
    const { maxQueue, maxBackgroundQueue, max, reserve } = this.#options;
    const { busy, idle } = this.#roster;
    const isRequest = call.class === "request";
    // Calls that can start at once, or as soon as a thread has started, do not count.
    const free = Math.max(0, max - busy);
    const left = (isRequest ? maxQueue : maxBackgroundQueue) + free - this.#waiting.sizeOf(call.class);
    if (left > 0) return false;
    const beyond = Math.min(idle, max + reserve - busy) - free;
    return !(isRequest && left + beyond > 0 && this.#express.isOpenTo(call.work));
  }

  #workOf({ work }: NewCall): DeclaredWork {
    return this.#options.works[work] as DeclaredWork;
  }
}

/** When no call has ended for this long, calls are long, and those that wait need threads of their own. */
const STALLED_MS = 250;
/** How often a thread is started nevertheless. */
const PACE_MS = 1_000;
/** How often to look at what the threads do: with quick calls, decisions come by the thousand. */
const LOOK_MS = 5;

/** The threads of a pool, as far as its pace depends on them. */
interface PacedThreads extends Iterable<Pick<Thread, "isComputing">> {
  /** How many have not loaded the app yet. */
  readonly starting: number;
}

/**
 * Decides how fast a pool grows. Where calls compute, threads beyond the cores add nothing, and loading the app takes
 * time from the calls that run.
 */
export class Pace {
  readonly #threads: PacedThreads;
  readonly #waiting: WaitingCalls;
  readonly #loads: WorkLoads;
  #startedAt = Number.NEGATIVE_INFINITY;
  #endedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #computing = 0;

  constructor(threads: PacedThreads, waiting: WaitingCalls, loads: WorkLoads) {
    this.#threads = threads;
    this.#waiting = waiting;
    this.#loads = loads;
  }

  /** Threads have been started. */
  recordStart(now: number): void {
    this.#startedAt = now;
  }

  /** A call has ended. */
  recordEnd(now: number): void {
    this.#endedAt = now;
  }

  /**
   * How many threads may be started now.
   *
   * @param now - From `performance.now()`, like all times here.
   */
  allowed(now: number): number {
    if (this.#isUrgent(now)) return Number.POSITIVE_INFINITY;
    if (now - this.#lookedAt >= LOOK_MS) this.#look(now);
    // A thread that loads the app computes, too.
    const idleCores = MOST_STARTING - this.#threads.starting - this.#computing;
    return Math.max(idleCores, now - this.#startedAt >= PACE_MS ? 1 : 0);
  }

  /** Whether a call waits for more than the end of another like it. */
  #isUrgent(now: number): boolean {
    return (
      this.#waiting.sizeOf("background") > 0 || // it must leave a thread to requests
      now - Math.max(this.#endedAt, this.#waiting.since ?? this.#endedAt) >= STALLED_MS ||
      this.#waiting.hasRequest((work) => this.#loads.onThreads(work) === 0)
    );
  }

  #look(now: number): void {
    this.#lookedAt = now;
    this.#computing = 0;
    for (const thread of this.#threads) if (thread.isComputing && ++this.#computing === MOST_STARTING) return;
  }
}

const WINDOW_S = 10;
const LONGEST_S = 3600;

/** How many calls end per second, measured over the last ten seconds. */
export class DrainRate {
  readonly #ended = new Uint32Array(WINDOW_S);
  #second = 0;

  /**
   * A call has ended.
   *
   * @param now - From `performance.now()`.
   */
  record(now: number): void {
    this.#turnTo(now);
    this.#ended[this.#second % WINDOW_S]!++;
  }

  /** After how many seconds, 1-3600, as many calls as are waiting now should have ended: a `Retry-After`. */
  retryAfterS(waiting: number, now: number): number {
    this.#turnTo(now);
    const perSecond = this.#ended.reduce((sum, count) => sum + count, 0) / WINDOW_S;
    return Math.max(1, Math.min(LONGEST_S, Math.ceil(waiting / Math.max(perSecond, 1 / WINDOW_S))));
  }

  #turnTo(now: number): void {
    const second = Math.floor(now / 1000);
    if (second - this.#second >= WINDOW_S) this.#ended.fill(0);
    else for (let old = this.#second + 1; old <= second; old++) this.#ended[old % WINDOW_S] = 0;
    this.#second = second;
  }
}

/** The threads beyond `max`: the calls that may wait for them are those that may be given to them. */
export class ExpressLane {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #loads: WorkLoads;

  constructor(options: PoolOptions, roster: Roster, loads: WorkLoads) {
    this.#options = options;
    this.#roster = roster;
    this.#loads = loads;
  }

  /**
   * Whether a request may use it now: no other call of its work is on a thread, or its work has been short so far, is
   * not stuck at the moment, and does not itself hold all other threads.
   */
  isOpenTo(work: number): boolean {
    const onThreads = this.#loads.onThreads(work);
    if (onThreads === 0) return true;
    return onThreads < this.#options.max && this.#loads.isShort(work) && !this.#isStuck(work);
  }

  #isStuck(work: number): boolean {
    for (const { running } of this.#roster)
      if (running.some(({ call, ms }) => call.work === work && ms >= SHORT_MS)) return true;
    return false;
  }
}

/** For each work: how long it took recently, and how many of its calls are on threads. */
export class WorkLoads {
  readonly #histories: RunHistory[];
  readonly #onThreads: Int32Array;

  /** @param count - How many works there are. */
  constructor(count: number) {
    this.#histories = Array.from({ length: count }, () => new RunHistory());
    this.#onThreads = new Int32Array(count);
  }

  /** A call goes to a thread. */
  enter({ work }: Call): void {
    this.#onThreads[work]!++;
  }

  /** A call has left its thread, done or not. */
  leave({ work }: Call): void {
    this.#onThreads[work]!--;
  }

  /** How many of its calls are on threads. */
  onThreads(work: number): number {
    return this.#onThreads[work] as number;
  }

  record({ work }: Call, runMs: number): void {
    this.#histories[work]!.record(runMs);
  }

  /** Whether several of its calls may be handed to a thread at once. */
  isQuick = (work: number): boolean => this.#histories[work]!.isQuick;

  /** Whether it has been short so far. False before its first run. */
  isShort = (work: number): boolean => this.#histories[work]!.isShort;
}
