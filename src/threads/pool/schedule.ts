import { availableParallelism } from "node:os";
import type { OffloopError } from "../../errors/offloop-error.ts";
import { RunHistory, SHORT_MS } from "../crossing/run-history.ts";
import type { Call, Holder, NewCall } from "./call.ts";
import { busyError, exitedError, goneError, noThreadsError, type WorkPlace } from "./call-error.ts";
import { PinnedCalls } from "./pinned-calls.ts";
import type { WaitingCalls } from "./queue.ts";
import type { PoolOptions, Roster } from "./roster.ts";
import type { Thread } from "./thread.ts";

/** Quick calls wake no more threads than there are cores: waking one costs more than they do. */
const CORES = availableParallelism();

/** A call and the thread it goes to. */
export interface Placed {
  readonly call: Call;
  readonly thread: Thread;
}

/** Decides which call goes to which thread next. */
export class Placement {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting: WaitingCalls;
  readonly #loads: WorkLoads;
  readonly #express: ExpressLane;
  readonly #pinned = new PinnedCalls();

  constructor(
    options: PoolOptions,
    roster: Roster,
    waiting: WaitingCalls,
    loads: WorkLoads,
    express: ExpressLane,
  ) {
    this.#options = options;
    this.#roster = roster;
    this.#waiting = waiting;
    this.#loads = loads;
    this.#express = express;
  }

  /** Has the thread that holds something open be given what concerns that. */
  pin(holder: Holder, call: Call): void {
    this.#pinned.push(holder, call);
  }

  /** Takes all calls that are meant for one thread. */
  takePinned(): Call[] {
    return this.#pinned.clear();
  }

  /** Takes the next call that may go and that somebody still waits for, and its thread; undefined when none may. */
  next(): Placed | undefined {
    const pinned = this.#pinned.next(this.#roster, (call) => this.#giveUp(call, exitedError, "it is gone"));
    if (pinned !== undefined) return pinned;
    for (let placed = this.#wanted(); placed !== undefined; placed = this.#wanted()) {
      const { call, thread } = placed;
      if (call.waiter?.isGone !== true) return placed;
      this.#giveUp(call, goneError, "");
      if (thread.load === 0) this.#roster.rest(thread);
    }
    return undefined;
  }

  #giveUp(call: Call, error: (place: WorkPlace, why: string) => OffloopError, why: string): void {
    call.settle(error(this.#options.works[call.work] as WorkPlace, why), undefined);
  }

  #wanted(): Placed | undefined {
    return this.#along() ?? this.#toIdle();
  }

  /** A quick call goes along with other quick ones once as many threads are awake as there are cores. */
  #along(): Placed | undefined {
    if (this.#waiting.requests === 0 || (this.#roster.idle > 0 && this.#roster.busy < CORES))
      return undefined;
    let thread: Thread | undefined;
    for (const candidate of this.#roster) {
      if (!candidate.quick || candidate.ending || candidate.load === 0 || !candidate.hasRoom) continue;
      if (thread === undefined || candidate.load < thread.load) thread = candidate;
    }
    if (thread === undefined) return undefined;
    const call = this.#waiting.takeRequest(this.#loads.isQuick);
    if (call === undefined || call.transfer.length === 0) return call && { call, thread };
    this.#waiting.putBack([call]); // what was transferred could not be taken back: it waits for an idle thread
    return undefined;
  }

  /** Any call goes to an idle thread; beyond `max` busy ones, only what may use the express lane. */
  #toIdle(): Placed | undefined {
    const { max, reserve } = this.#options;
    const { busy, idle } = this.#roster;
    if (idle === 0 || busy >= max + reserve) return undefined;
    const call =
      busy < max ? this.#waiting.take() : this.#waiting.takeRequest((work) => this.#express.isOpenTo(work));
    if (call === undefined) return undefined;
    const thread = this.#roster.takeIdle() as Thread;
    thread.quick = call.class === "request" && call.transfer.length === 0 && this.#loads.isQuick(call.work);
    return { call, thread };
  }
}

/** How often a full queue is searched for calls that nobody waits for. */
const SEARCH_MS = 100;

/** Decides whether a call may wait: neither for threads that cannot come, nor behind more calls than the bounds allow. */
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

  /** A call has ended; what the next refusal says of the wait is measured from this. */
  recordEnd(now: number): void {
    this.#drained.record(now);
  }

  /** Why the call may not wait; undefined when it may. */
  refusal(call: NewCall): OffloopError | undefined {
    const place = this.#options.works[call.work] as WorkPlace;
    const { failure, ready, busy, idle } = this.#roster;
    if (failure !== undefined && ready === 0) return noThreadsError(place, failure);
    const { maxQueue, maxBackgroundQueue, max } = this.#options;
    if (call.class === "request" && idle > 0 && this.#express.isOpenTo(call.work)) return undefined;
    // Those that can start at once, or when a thread has started, do not count.
    const bound = (call.class === "request" ? maxQueue : maxBackgroundQueue) + Math.max(0, max - busy);
    if (this.#waiting.sizeOf(call.class) >= bound) this.#dropGone();
    const waiting = this.#waiting.sizeOf(call.class);
    if (waiting < bound) return undefined;
    const option = call.class === "request" ? "threads.maxQueue" : "threads.maxBackgroundQueue";
    return busyError(
      place,
      { busy, max, waiting, option },
      this.#drained.retryAfterS(waiting, performance.now()),
    );
  }

  /** Those who hung up must not keep out those who wait. */
  #dropGone(): void {
    const now = performance.now();
    if (now - this.#searchedAt < SEARCH_MS) return;
    this.#searchedAt = now;
    for (const call of this.#waiting.takeGone())
      call.settle(goneError(this.#options.works[call.work] as WorkPlace), undefined);
  }
}

/** The threads beyond `max`: who may wait for them is who may be given to them. */
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
   * Whether a request may use it now: none of its work's calls is on a thread, or the work has been short so far, is not
   * stuck just now, and does not hold all other threads itself.
   */
  isOpenTo(work: number): boolean {
    const onThreads = this.#loads.onThreads(work);
    if (onThreads === 0) return true;
    return onThreads < this.#options.max && this.#loads.isShort(work) && !this.#isStuck(work);
  }

  #isStuck(work: number): boolean {
    for (const { running } of this.#roster)
      if (running?.call.work === work && running.ms >= SHORT_MS) return true;
    return false;
  }
}

/** For each work: how long it took lately, and how many of its calls are on threads. */
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

  /** Whether several calls of it may be handed to a thread at once. */
  isQuick = (work: number): boolean => this.#histories[work]!.isQuick;

  /** Whether it has been short so far. False before its first run. */
  isShort(work: number): boolean {
    return this.#histories[work]!.isShort;
  }
}

const WINDOW_S = 10;
const LONGEST_S = 3600;

/** How many calls end in a second, measured over the last ten. */
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

  /** After how many seconds, 1-3600, as many calls as wait now should have ended: a `Retry-After`. */
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
