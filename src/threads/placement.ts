import { availableParallelism } from "node:os";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { Call, Holder } from "./call.ts";
import { exitedError, goneError, type WorkPlace } from "./call-error.ts";
import type { ExpressLane } from "./express-lane.ts";
import { PinnedCalls } from "./pinned-calls.ts";
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
