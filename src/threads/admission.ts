import type { OffloopError } from "../errors/offloop-error.ts";
import type { NewCall } from "./call.ts";
import { busyError, noThreadsError, type WorkPlace } from "./call-error.ts";
import { DrainRate } from "./drain-rate.ts";
import type { PoolOptions } from "./pool-options.ts";
import type { Roster } from "./roster.ts";
import type { WaitingCalls } from "./waiting-calls.ts";

/** Decides whether a call may wait: neither for threads that cannot come, nor behind more calls than the bounds allow. */
export class Admission {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting: WaitingCalls;
  readonly #drained = new DrainRate();

  constructor(options: PoolOptions, roster: Roster, waiting: WaitingCalls) {
    this.#options = options;
    this.#roster = roster;
    this.#waiting = waiting;
  }

  /** A call has ended; what the next refusal says of the wait is measured from this. */
  recordEnd(now: number): void {
    this.#drained.record(now);
  }

  /** Why the call may not wait; undefined when it may. */
  refusal(call: NewCall): OffloopError | undefined {
    const place = this.#options.works[call.work] as WorkPlace;
    const { failure, ready, busy } = this.#roster;
    if (failure !== undefined && ready === 0) return noThreadsError(place, failure);
    const { maxQueue, maxBackgroundQueue, max } = this.#options;
    const waiting = this.#waiting.sizeOf(call.class);
    if (waiting < (call.class === "request" ? maxQueue : maxBackgroundQueue)) return undefined;
    const option = call.class === "request" ? "threads.maxQueue" : "threads.maxBackgroundQueue";
    return busyError(
      place,
      { busy, max, waiting, option },
      this.#drained.retryAfterS(waiting, performance.now()),
    );
  }
}
