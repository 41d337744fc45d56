import type { OffloopError } from "../../errors/offloop-error.ts";
import type { Call, NewCall } from "./call.ts";
import { busyError, noThreadsError, type WorkPlace } from "./call-error.ts";
import type { WaitingCalls } from "./queue.ts";
import type { PoolOptions, Roster } from "./roster.ts";
import type { ExpressLane } from "./schedule.ts";

/** How often a full queue is searched for calls that nobody waits for. */
const SEARCH_MS = 100;

const none: readonly Call[] = [];

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

  /** Takes the calls whose clients have gone out of a full queue: they must not keep out a call that somebody waits for. */
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
    if (failure !== undefined && ready === 0) return noThreadsError(this.#placeOf(call), failure);
    if (!this.#isFull(call)) return undefined;
    const waiting = this.#waiting.sizeOf(call.class);
    const option = call.class === "request" ? "threads.maxQueue" : "threads.maxBackgroundQueue";
    return busyError(
      this.#placeOf(call),
      { busy: this.#roster.busy, max: this.#options.max, waiting, option },
      this.#drained.retryAfterS(waiting, performance.now()),
    );
  }

  #isFull(call: NewCall): boolean {
    const { maxQueue, maxBackgroundQueue, max } = this.#options;
    const isRequest = call.class === "request";
    // Those that can start at once, or when a thread has started, do not count.
    const bound = (isRequest ? maxQueue : maxBackgroundQueue) + Math.max(0, max - this.#roster.busy);
    if (this.#waiting.sizeOf(call.class) < bound) return false;
    return !(isRequest && this.#roster.idle > 0 && this.#express.isOpenTo(call.work));
  }

  #placeOf({ work }: NewCall): WorkPlace {
    return this.#options.works[work] as WorkPlace;
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
