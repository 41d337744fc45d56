import type { OffloopError } from "../errors/offloop-error.ts";
import type { NewCall } from "./call.ts";
import { busyError, goneError, noThreadsError, type WorkPlace } from "./call-error.ts";
import { DrainRate } from "./drain-rate.ts";
import type { ExpressLane } from "./express-lane.ts";
import type { PoolOptions } from "./pool-options.ts";
import type { Roster } from "./roster.ts";
import type { WaitingCalls } from "./waiting-calls.ts";

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
