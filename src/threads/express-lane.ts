import type { PoolOptions } from "./pool-options.ts";
import type { Roster } from "./roster.ts";
import { SHORT_MS } from "./run-history.ts";
import type { WorkLoads } from "./work-loads.ts";

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
