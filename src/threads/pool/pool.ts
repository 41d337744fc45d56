import { AsyncLocalStorage } from "node:async_hooks";
import type { KilledCall } from "../../channels/channels.ts";
import { thrownText } from "../../errors/described-error.ts";
import type { OffloopError } from "../../errors/offloop-error.ts";
import { clearTimeout, setImmediate, setTimeout } from "../../errors/timers.ts";
import { type Hello, RELAY_AFTER_MS } from "../crossing/messages.ts";
import type { Call, CallClass, NewCall, PinnedCall, ThreadHandle } from "./call.ts";
import {
  abandonedError,
  cloneError,
  type DeclaredWork,
  exitedError,
  goneError,
  noThreadsError,
  timeoutError,
} from "./errors.ts";
import { END_MS } from "./exit.ts";
import { HeldThreads } from "./held.ts";
import { type Finding, Monitor } from "./monitor.ts";
import { PinnedCalls, takeOn, takeOnPinned, WaitingCalls } from "./queue.ts";
import { type PoolOptions, Roster } from "./roster.ts";
import { Admission, ExpressLane, Pace, Schedule, WorkLoads } from "./schedule.ts";
import { recordRun, type Thread, type ThreadListener, type ThreadLoss } from "./thread.ts";

/** A call that waits this long makes the pool grow; one not started for this long is taken back from its thread. */
const PATIENCE_MS = 5;

/** The threads of a pool at one moment. */
export interface PoolSize {
  /** Threads that have loaded the app. */
  readonly threads: number;
  /** How many of them hold a call. */
  readonly busy: number;
  /** How many calls wait for a thread. */
  readonly waiting: number;
  /** How many of these are background tasks. */
  readonly waitingTasks: number;
}

/** For an app that runs nothing on threads. */
export const noThreads: PoolSize = { threads: 0, busy: 0, waiting: 0, waitingTasks: 0 };

/**
 * Runs plain functions on threads: one call per thread at a time, requests before background work.
 *
 * Its parts decide, and it acts: admission decides what may wait, the schedule which call goes where, the monitor which
 * call has run too long. The consequences for threads and for those who wait are carried out only here.
 */
export class ThreadPool implements ThreadListener {
  readonly #options: PoolOptions;
  readonly #roster: Roster;
  readonly #waiting = new WaitingCalls();
  readonly #pinned = new PinnedCalls();
  readonly #loads: WorkLoads;
  readonly #admission: Admission;
  readonly #schedule: Schedule;
  readonly #pace: Pace;
  readonly #monitor: Monitor;
  readonly #held: HeldThreads;
  /**
   * Calls a function in the asynchronous context that the pool was made in. A thread, and whatever it ever sends, would
   * otherwise be in that of the request for which it happened to be started, and so would each line of its log.
   */
  readonly #apart = AsyncLocalStorage.snapshot();
  #order = 0;
  #isDispatchDue = false;
  #patience: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#roster = new Roster(options, this);
    this.#loads = new WorkLoads(options.works.length);
    this.#pace = new Pace(this.#roster, this.#waiting, this.#loads);
    const express = new ExpressLane(options, this.#roster, this.#loads);
    const calls = { waiting: this.#waiting, pinned: this.#pinned };
    this.#admission = new Admission(options, this.#roster, this.#waiting, express);
    this.#schedule = new Schedule(options, this.#roster, calls, { loads: this.#loads, express });
    this.#monitor = new Monitor(this.#roster, options.longRunMs, (findings) => this.#actOn(findings));
    this.#held = new HeldThreads(options, this.#roster, this.#monitor);
  }

  /**
   * Starts the first threads.
   *
   * @throws {OffloopError} `OFFLOOP_THREAD_START` or `OFFLOOP_THREAD_APP_DIFFERS` when one cannot load the app.
   */
  async start(): Promise<void> {
    const first = Array.from({ length: this.#options.min }, () => this.#roster.startOne());
    const error = (await Promise.all(first)).find((failure) => failure !== undefined);
    if (error === undefined) return;
    await this.close();
    throw error;
  }

  get size(): PoolSize {
    const waitingTasks = this.#waiting.sizeOf("background");
    return {
      threads: this.#roster.ready,
      busy: this.#roster.busy,
      waiting: this.#waiting.size,
      waitingTasks,
    };
  }

  /** How many calls of each work run on threads now, by its id. */
  get running(): ReadonlyMap<string, number> {
    const counts = new Map(this.#options.works.map(({ id }) => [id, 0]));
    for (const thread of this.#roster)
      for (const { call } of thread.running) {
        const { id } = this.#workOf(call);
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    return counts;
  }

  /** How long the oldest call of each class has been waiting for a thread, in milliseconds; 0 when none waits. */
  get oldestWaitMs(): Readonly<Record<CallClass, number>> {
    const now = performance.now();
    const of = (callClass: CallClass): number => now - (this.#waiting.oldestOf(callClass)?.queuedAt ?? now);
    return { request: of("request"), background: of("background") };
  }

  /** Whether calls would wait forever: no thread can be started, or every thread is kept by a call that does not end. */
  get isDown(): boolean {
    const { failure, ready } = this.#roster;
    return (failure !== undefined && ready === 0) || this.#held.areAll;
  }

  /** Runs one piece of work on a thread. */
  run(newCall: NewCall): void {
    const gone = this.#admission.takeGone(newCall);
    if (gone.length > 0) for (const call of gone) this.#refuse(call, goneError);
    const refusal = this.#closed ? closedError(this.#workOf(newCall)) : this.#admission.refusal(newCall);
    if (refusal !== undefined) {
      newCall.settle(refusal, undefined);
      return;
    }
    this.#waiting.push(takeOn(newCall, this.#order++));
    this.#dispatchSoon();
  }

  /** Runs a call about something that a thread holds open, on that thread, beside what it is running. */
  runOn(thread: ThreadHandle, call: PinnedCall): void {
    if (this.#closed) return void call.settle(closedError(this.#workOf(call)), undefined);
    this.#pinned.push(thread, takeOnPinned(call, this.#order++));
    this.#dispatchSoon();
  }

  /** Ends all threads. Running and waiting calls settle with an error. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#patience);
    this.#monitor.stop();
    await this.#roster.close();
    for (const call of this.#pinned.takeAll()) this.#refuse(call, closedError);
    for (const call of this.#waiting.takeAll()) this.#refuse(call, closedError);
  }

  /** @internal A thread has loaded the app, or has failed to. */
  onHello(thread: Thread, hello: Hello): void {
    if (this.#roster.admit(thread, hello)) this.#dispatch();
  }

  /** @internal A call has ended on its thread. */
  onResult(thread: Thread, call: Call, runMs: number, outcome: unknown): void {
    if (!call.pinned) this.#recordEnd(thread.progressAt);
    this.#loads.record(call, runMs);
    if (runMs >= RELAY_AFTER_MS) this.#roster.startRelay();
    this.#loads.leave(call);
    call.settle(undefined, outcome, thread);
  }

  /** A call has ended that has waited like those that wait now: they may expect the same. */
  #recordEnd(now: number): void {
    this.#admission.recordEnd(now);
    this.#pace.recordEnd(now);
  }

  /** @internal All results of a message have been received. */
  onResults(thread: Thread): void {
    this.#roster.rest(thread);
    if (thread.isProven) this.#roster.prove();
    this.#dispatch();
  }

  /** @internal A thread has ended, though what it has sent may still be on its way. */
  onGone(thread: Thread): void {
    this.#roster.retire(thread);
  }

  /** @internal A thread has ended, and everything it has sent has arrived. */
  onExit(thread: Thread, loss: ThreadLoss): void {
    this.#roster.remove(thread, loss);
    this.#takeBack(loss.unstarted);
    const end = thread.exit.killed === undefined ? "exited" : "shared";
    for (const call of loss.started) {
      const work = this.#workOf(call);
      this.#giveUp(call, this.#closed ? closedError(work) : exitedError(work, end, loss.cause));
    }
    this.#refuseIfDown();
    this.#dispatch();
  }

  #dispatchSoon(): void {
    if (this.#isDispatchDue) return;
    this.#isDispatchDue = true;
    // After the poll phase: all requests read in this turn of the loop go out as one message per thread.
    this.#apart(setImmediate, () => {
      this.#isDispatchDue = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#closed) return;
    if (this.#waiting.size > 0) this.#makeRoom();
    const given = new Set<Thread>();
    for (let step = this.#schedule.next(); step !== undefined; step = this.#schedule.next()) {
      const { call } = step;
      if ("refused" in step) {
        call.settle(step.refused, undefined);
        continue;
      }
      this.#loads.enter(call);
      step.thread.give(call, step.isQuick);
      this.#monitor.expect(call);
      given.add(step.thread);
    }
    for (const thread of given) this.#send(thread);
    this.#grow();
  }

  /**
   * A thread takes calls while all of its streams wait; and streams that have had their share of it come after a call, also
   * with what they were asked for already.
   */
  #makeRoom(): void {
    for (const thread of this.#roster) {
      if (thread.openStreams === 0) continue;
      const pulls = thread.owesCalls ? thread.recallPulls() : [];
      for (const call of pulls) this.#loads.leave(call);
      this.#pinned.putBack(thread, pulls);
      this.#roster.rest(thread);
    }
  }

  #send(thread: Thread): void {
    for (const { call, error } of thread.flush())
      this.#giveUp(call, cloneError(this.#workOf(call), thrownText(error)));
    this.#roster.rest(thread);
  }

  /** Makes sure that there are as many threads as always stay, and that some thread will come for the remaining calls. */
  #grow(): void {
    const { min, max, reserve } = this.#options;
    // One is kept warm, beyond `max` for the express lane: a short request should not wait for a thread to load the app.
    // A thread with an open stream is not free for it.
    const { inUse } = this.#roster;
    const wanted = this.#waiting.sizeOf("background") > 0 ? inUse + 2 : inUse > 0 ? inUse + 1 : 0;
    const count = inUse >= max ? max + reserve : Math.max(min, Math.min(max + reserve, wanted));
    const isHeld = this.#growTo(count);
    if (isHeld || this.#waiting.size > 0 || this.#roster.holdsAhead)
      this.#patience ??= setTimeout(() => this.#onPatienceOver(), PATIENCE_MS);
  }

  #onPatienceOver(): void {
    this.#patience = undefined;
    const now = performance.now();
    for (const thread of this.#roster) {
      if (thread.holdsAhead && now - thread.advancedAt >= PATIENCE_MS) this.#relieve(thread);
    }
    if (now - (this.#waiting.since ?? now) >= PATIENCE_MS)
      this.#growTo(Math.min(this.#options.max, this.#roster.inUse + this.#waiting.size));
    this.#dispatch();
  }

  /** Returns whether the pace holds some of them back. */
  #growTo(count: number): boolean {
    if (count <= this.#roster.size) return false;
    const now = performance.now();
    const most = Math.max(this.#options.min, this.#roster.size + this.#pace.allowed(now));
    if (this.#roster.growTo(Math.min(count, most)) > 0) this.#pace.recordStart(now);
    this.#refuseIfDown(); // the system may refuse a thread at once, and it may have been the only one to wait for
    return most < count;
  }

  #actOn(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const { kind, thread } = finding;
      if (kind === "silent") this.#relieve(thread);
      else if (kind === "gone") thread.cancel(finding.call);
      else if (kind === "held") this.#held.report(thread, finding.call, finding.ms);
      else this.#end(finding);
    }
    this.#dispatch();
  }

  /**
   * The thread is stuck in a call that was expected to be quick, or in something that a call has left running: others
   * take over the rest.
   */
  #relieve(thread: Thread): void {
    this.#takeBack(thread.recallUnstarted());
    if (thread.running.length === 0) this.#roster.expectWord(thread);
  }

  /** Ends the thread, and with it the call it runs: nothing else stops synchronous code. */
  #end({ kind, thread, call, ms }: EndedRun): void {
    const work = this.#workOf(call);
    this.#takeBack(thread.recallUnstarted());
    const ended = thread.end({ call, reason: kind });
    void this.#reportIfStuck(thread, call);
    recordRun(call, thread.id, ms);
    // Whoever wants it ended must know that none of it runs any more.
    if (kind === "cancelled") return void ended.then(() => this.#giveUp(call, exitedError(work, "unwanted")));
    const isLate = kind === "deadline";
    this.#giveUp(call, isLate ? timeoutError(work, call.timeoutMs ?? 0, ms, "thread") : abandonedError(work));
  }

  /** A thread that does not end keeps its place, like one that computes. What else it ran is given up. */
  async #reportIfStuck(thread: Thread, call: Call): Promise<void> {
    if ((await thread.exit.within(END_MS)) || this.#closed) return;
    for (const other of thread.giveUpAll()) this.#giveUp(other, exitedError(this.#workOf(other), "shared"));
    this.#held.reportStuck(thread, call);
  }

  #takeBack(calls: readonly Call[]): void {
    for (const call of calls) this.#loads.leave(call);
    this.#waiting.putBack(calls);
  }

  /** Settles a call that was on a thread. */
  #giveUp(call: Call, error: OffloopError): void {
    this.#loads.leave(call);
    call.settle(error, undefined);
  }

  /** Settles a call that was on no thread. */
  #refuse(call: Call, why: (work: DeclaredWork, call: Call) => OffloopError): void {
    call.settle(why(this.#workOf(call), call), undefined);
  }

  #refuseIfDown(): void {
    const { failure, ready } = this.#roster;
    // A thread that closing has ended while it loaded the app has not failed to.
    if (this.#closed || failure === undefined || ready > 0) return;
    for (const call of this.#waiting.takeAll()) this.#refuse(call, (work) => noThreadsError(work, failure));
  }

  #workOf({ work }: Pick<NewCall, "work">): DeclaredWork {
    return this.#options.works[work] as DeclaredWork;
  }
}

type EndedRun = Extract<Finding, { readonly kind: KilledCall["reason"] }>;

function closedError(work: DeclaredWork): OffloopError {
  return exitedError(work, "closed");
}
