import { availableParallelism } from "node:os";
import { type Call, type CallClass, createCall, type Holder } from "./call.ts";
import type { Packed } from "./messages.ts";
import { PinnedCalls } from "./pinned-calls.ts";
import type { PoolOptions } from "./pool-options.ts";
import type { PoolSize } from "./pool-size.ts";
import { Roster, type RosterListener } from "./roster.ts";
import type { Thread, ThreadLoss } from "./thread.ts";
import { threadExited } from "./thread-exited.ts";
import { WaitingCalls } from "./waiting-calls.ts";
import { WorkLoads } from "./work-loads.ts";

/** A call that waits this long makes the pool grow; one not started for so long is taken back from its thread. */
const PATIENCE_MS = 5;
/** Quick calls wake no more threads than there are cores: waking one costs more than they do. */
const CORES = availableParallelism();

/** Runs plain functions on threads: one call a thread at a time, requests before background work. */
export class ThreadPool implements RosterListener {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting = new WaitingCalls();
  readonly #loads: WorkLoads;
  readonly #pinned = new PinnedCalls();
  #order = 0;
  #scheduled = false;
  #patience: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#roster = new Roster(options, this);
    this.#loads = new WorkLoads(options.workIds.length);
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
    return { threads: this.#roster.ready, busy: this.#roster.busy, waiting: this.#waiting.size };
  }

  /** Has a thread do one piece of work; `settle` is called once, with an error or with the thread's outcome. */
  run(work: number, callClass: CallClass, packed: Packed<unknown>, settle: Call["settle"]): void {
    this.#waiting.push(createCall(work, callClass, packed, settle, this.#order++, false));
    this.#schedule();
  }

  /** Has the thread that holds something open do what concerns that, once it is done with what it runs. */
  runOn(holder: Holder, work: number, payload: unknown, settle: Call["settle"]): void {
    this.#pinned.push(
      holder,
      createCall(work, "request", { payload, transfer: [] }, settle, this.#order++, true),
    );
    this.#schedule();
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

  /** Ends all threads. What they run and what waits is settled with an error. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#patience);
    await this.#roster.close();
    for (const call of this.#pinned.clear()) this.#lose(call, "the server closed");
    for (let call = this.#waiting.take(); call !== undefined; call = this.#waiting.take())
      this.#lose(call, "the server closed");
  }

  onReady(): void {
    this.#dispatch();
  }

  onResult(thread: Thread, call: Call, runMs: number, outcome: unknown): void {
    this.#loads.record(call, runMs);
    this.#loads.leave(call);
    call.settle(undefined, outcome, thread);
  }

  onIdle(): void {
    this.#dispatch();
  }

  onLoss({ started, unstarted, cause }: ThreadLoss): void {
    for (const call of [...started, ...unstarted]) this.#loads.leave(call);
    this.#waiting.putBack(unstarted);
    const why = this.#closed ? "the server closed" : cause === undefined ? "it exited" : String(cause);
    for (const call of started) this.#lose(call, why);
    this.#roster.growTo(1);
    this.#dispatch();
  }

  #dispatch(): void {
    if (this.#closed) return;
    const given = new Set<Thread>();
    for (const { thread, call } of this.#pinned.take(this.#roster, (call, why) => this.#lose(call, why)))
      given.add(this.#give(thread, call));
    for (let thread = this.#placeNext(); thread !== undefined; thread = this.#placeNext()) given.add(thread);
    for (const thread of given) this.#send(thread);
    const { max, reserve } = this.#options;
    // The express lane is kept warm: a short request should not wait for a thread to load the app.
    if (this.#roster.busy >= max) this.#roster.growTo(max + reserve);
    if (this.#waiting.size > 0 || this.#anyAhead())
      this.#patience ??= setTimeout(() => this.#onPatienceOver(), PATIENCE_MS);
  }

  /** Gives the next call that may go to the thread it may go to. */
  #placeNext(): Thread | undefined {
    return this.#placeAlong() ?? this.#placeIdle();
  }

  /** A quick call goes along with other quick ones once as many threads are awake as there are cores. */
  #placeAlong(): Thread | undefined {
    if (this.#waiting.requests === 0 || (this.#roster.idle > 0 && this.#roster.busy < CORES))
      return undefined;
    let thread: Thread | undefined;
    for (const candidate of this.#roster) {
      if (!candidate.quick || candidate.load === 0 || !candidate.hasRoom) continue;
      if (thread === undefined || candidate.load < thread.load) thread = candidate;
    }
    const call = thread && this.#waiting.takeRequest(this.#loads.isQuick);
    return call && thread && this.#give(thread, call);
  }

  /** Any call goes to an idle thread; beyond `max` busy ones, only what may use the express lane. */
  #placeIdle(): Thread | undefined {
    const { max, reserve } = this.#options;
    const { busy, idle } = this.#roster;
    if (idle === 0 || busy >= max + reserve) return undefined;
    const call = busy < max ? this.#waiting.take() : this.#waiting.takeRequest(this.#loads.mayExpress);
    if (call === undefined) return undefined;
    const thread = this.#roster.takeIdle() as Thread;
    thread.quick = call.class === "request" && call.transfer.length === 0 && this.#loads.isQuick(call.work);
    return this.#give(thread, call);
  }

  #give(thread: Thread, call: Call): Thread {
    this.#loads.enter(call);
    thread.give(call);
    return thread;
  }

  #send(thread: Thread): void {
    for (const { call, error } of thread.flush()) {
      this.#loads.leave(call);
      call.settle(error as Error, undefined, undefined);
    }
    if (thread.load === 0) this.#roster.onIdle(thread);
  }

  #onPatienceOver(): void {
    this.#patience = undefined;
    const now = performance.now();
    for (const thread of this.#roster)
      if (thread.load > 1 && now - thread.progressAt >= PATIENCE_MS) this.#takeBack(thread);
    const since = this.#waiting.since ?? now;
    if (now - since >= PATIENCE_MS)
      this.#roster.growTo(Math.min(this.#options.max, this.#roster.busy + this.#waiting.size));
    this.#dispatch();
  }

  /** A thread got stuck in a call that was expected to be quick: others take what it has not started. */
  #takeBack(thread: Thread): void {
    thread.quick = false;
    const recalled = thread.recallUnstarted();
    for (const call of recalled) this.#loads.leave(call);
    this.#waiting.putBack(recalled);
  }

  #anyAhead(): boolean {
    for (const thread of this.#roster) if (thread.load > 1) return true;
    return false;
  }

  #lose(call: Call, why: string): void {
    call.settle(threadExited(this.#options.workIds[call.work] as string, why), undefined, undefined);
  }
}
