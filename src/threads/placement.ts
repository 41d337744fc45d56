import { availableParallelism } from "node:os";
import type { Call } from "./call.ts";
import type { PoolOptions } from "./pool-options.ts";
import type { Roster } from "./roster.ts";
import type { Thread } from "./thread.ts";
import type { WaitingCalls } from "./waiting-calls.ts";
import type { WorkLoads } from "./work-loads.ts";

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

  constructor(options: PoolOptions, roster: Roster, waiting: WaitingCalls, loads: WorkLoads) {
    this.#options = options;
    this.#roster = roster;
    this.#waiting = waiting;
    this.#loads = loads;
  }

  /** Takes the next call that may go, and its thread; undefined when none may. */
  next(): Placed | undefined {
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
    return call && { call, thread };
  }

  /** Any call goes to an idle thread; beyond `max` busy ones, only what may use the express lane. */
  #toIdle(): Placed | undefined {
    const { max, reserve } = this.#options;
    const { busy, idle } = this.#roster;
    if (idle === 0 || busy >= max + reserve) return undefined;
    const call = busy < max ? this.#waiting.take() : this.#waiting.takeRequest(this.#loads.mayExpress);
    if (call === undefined) return undefined;
    const thread = this.#roster.takeIdle() as Thread;
    thread.quick = call.class === "request" && call.transfer.length === 0 && this.#loads.isQuick(call.work);
    return { call, thread };
  }
}
