import type { OffloopError } from "../../errors/offloop-error.ts";
import {
  type Call,
  type Holder,
  type NewCall,
  type PinnedCall,
  recordRun,
  takeOn,
  takeOnPinned,
} from "./call.ts";
import { cloneError, exitedError, noThreadsError, timeoutError, type WorkPlace } from "./call-error.ts";
import { Rounds, type RoundsListener } from "./deadlines.ts";
import { type PoolSize, WaitingCalls } from "./queue.ts";
import { type PoolOptions, Roster, type RosterListener } from "./roster.ts";
import { Admission, ExpressLane, Placement, WorkLoads } from "./schedule.ts";
import type { Thread, ThreadLoss } from "./thread.ts";

/** A call that waits this long makes the pool grow; one not started for so long is taken back from its thread. */
const PATIENCE_MS = 5;

/** Runs plain functions on threads: one call a thread at a time, requests before background work. */
export class ThreadPool implements RosterListener, RoundsListener {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting = new WaitingCalls();
  readonly #loads: WorkLoads;
  readonly #admission: Admission;
  readonly #placement: Placement;
  readonly #rounds: Rounds;
  #order = 0;
  #scheduled = false;
  #patience: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#roster = new Roster(options, this);
    this.#loads = new WorkLoads(options.works.length);
    const express = new ExpressLane(options, this.#roster, this.#loads);
    this.#admission = new Admission(options, this.#roster, this.#waiting, express);
    this.#placement = new Placement(options, this.#roster, this.#waiting, this.#loads, express);
    this.#rounds = new Rounds(this.#roster, this);
  }

  /**
   * Starts the first thread.
   *
   * @throws {OffloopError} `OFFLOOP_THREAD_START` or `OFFLOOP_THREAD_APP_DIFFERS` when it cannot load the app.
   */
  async start(): Promise<void> {
    const error = await this.#roster.startOne();
    if (error === undefined) return;
    await this.close();
    throw error;
  }

  get size(): PoolSize {
    return { threads: this.#roster.ready, busy: this.#roster.busy, ...this.#waiting.counts };
  }

  /** Why no thread can be started; undefined while the last one could. */
  get failure(): OffloopError | undefined {
    return this.#roster.failure;
  }

  /** Has a thread do one piece of work. */
  run(newCall: NewCall): void {
    const refusal = this.#closed
      ? exitedError(this.#placeOf(newCall), "the server closed")
      : this.#admission.refusal(newCall);
    if (refusal !== undefined) {
      newCall.settle(refusal, undefined);
      return;
    }
    this.#waiting.push(takeOn(newCall, this.#order++));
    this.#schedule();
  }

  /** Has the thread that holds something open do what concerns that, once it is done with what it runs. */
  runOn(holder: Holder, call: PinnedCall): void {
    this.#placement.pin(holder, takeOnPinned(call, this.#order++));
    this.#schedule();
  }

  /** Ends all threads. What they run and what waits is settled with an error. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#patience);
    this.#rounds.stop();
    await this.#roster.close();
    for (const call of this.#placement.takePinned())
      call.settle(exitedError(this.#placeOf(call), "the server closed"), undefined);
    this.#giveUpWaiting((place) => exitedError(place, "the server closed"));
  }

  onStarted(): void {
    const { failure } = this.#roster;
    if (failure !== undefined && this.#roster.ready === 0)
      this.#giveUpWaiting((place) => noThreadsError(place, failure));
    this.#dispatch();
  }

  onResult(thread: Thread, call: Call, runMs: number, outcome: unknown): void {
    this.#admission.recordEnd(thread.progressAt);
    this.#loads.record(call, runMs);
    this.#loads.leave(call);
    call.settle(undefined, outcome, thread);
  }

  onResults(): void {
    this.#dispatch();
  }

  onLoss({ started, unstarted, cause }: ThreadLoss): void {
    this.#takenBack(unstarted);
    const why = this.#closed ? "the server closed" : cause === undefined ? "it exited" : String(cause);
    for (const call of started) {
      this.#loads.leave(call);
      call.settle(exitedError(this.#placeOf(call), why), undefined);
    }
    if (!this.#closed) this.#roster.growTo(1);
    this.#dispatch();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the poll phase: all requests read in this turn of the loop go out as one message a thread.
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#closed) return;
    const given = new Set<Thread>();
    for (let placed = this.#placement.next(); placed !== undefined; placed = this.#placement.next()) {
      const { call, thread } = placed;
      this.#loads.enter(call);
      thread.give(call);
      this.#rounds.expect(call);
      given.add(thread);
    }
    for (const thread of given) this.#send(thread);
    // The express lane is kept warm: a short request should not wait for a thread to load the app.
    if (this.#roster.busy >= this.#options.max)
      this.#roster.growTo(this.#options.max + this.#options.reserve);
    if (this.#waiting.size > 0 || this.#roster.holdsAhead)
      this.#patience ??= setTimeout(() => this.#onPatienceOver(), PATIENCE_MS);
  }

  #send(thread: Thread): void {
    for (const { call, error } of thread.flush()) {
      this.#loads.leave(call);
      call.settle(cloneError(this.#placeOf(call), call.payload, error), undefined);
    }
    if (thread.load === 0) this.#roster.rest(thread);
  }

  #onPatienceOver(): void {
    this.#patience = undefined;
    const now = performance.now();
    for (const thread of this.#roster) {
      if (thread.load > 1 && now - thread.progressAt >= PATIENCE_MS) this.onStuck(thread);
    }
    if (now - (this.#waiting.since ?? now) >= PATIENCE_MS)
      this.#roster.growTo(Math.min(this.#options.max, this.#roster.busy + this.#waiting.size));
    this.#dispatch();
  }

  /** It is stuck in a call that was expected to be quick, or in what a call has left running. */
  onStuck(thread: Thread): void {
    thread.quick = false;
    this.#takenBack(thread.recallUnstarted());
    if (thread.running === undefined) this.#roster.miss(thread);
    this.#schedule();
  }

  onLate(thread: Thread, call: Call, ms: number): void {
    this.#takenBack(thread.recallUnstarted());
    thread.end(call);
    this.#loads.leave(call);
    recordRun(call, thread.id, ms);
    call.settle(timeoutError(this.#placeOf(call), call.timeoutMs ?? 0, ms, "thread"), undefined);
    this.#dispatch();
  }

  #takenBack(calls: readonly Call[]): void {
    for (const call of calls) this.#loads.leave(call);
    this.#waiting.putBack(calls);
  }

  #giveUpWaiting(why: (place: WorkPlace) => OffloopError): void {
    for (const call of this.#waiting.takeAll()) call.settle(why(this.#placeOf(call)), undefined);
  }

  #placeOf({ work }: NewCall): WorkPlace {
    return this.#options.works[work] as WorkPlace;
  }
}
