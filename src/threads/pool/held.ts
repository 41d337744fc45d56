import type { OffloopError } from "../../errors/offloop-error.ts";
import type { Call } from "./call.ts";
import { allHeldError, type DeclaredWork, heldError, stuckError } from "./errors.ts";
import type { Monitor } from "./monitor.ts";
import type { PoolOptions } from "./roster.ts";
import type { Thread } from "./thread.ts";

/** The threads that are kept by calls which do not end: each is reported once, and once more when no other is left. */
export class HeldThreads {
  readonly #options: PoolOptions;
  readonly #threads: Iterable<Thread>;
  readonly #monitor: Monitor;

  constructor(options: PoolOptions, threads: Iterable<Thread>, monitor: Monitor) {
    this.#options = options;
    this.#threads = threads;
    this.#monitor = monitor;
  }

  /** Whether they are all that the pool may have. */
  get areAll(): boolean {
    return this.#areAll(this.#holders);
  }

  /** A call has been running on a thread for long. */
  report(thread: Thread, call: Call, ms: number): void {
    this.#reportOnce(call, heldError(this.#workOf(call), thread.id, ms));
  }

  /** A thread was ended for a call, and has not ended. */
  reportStuck(thread: Thread, call: Call): void {
    this.#reportOnce(call, stuckError(this.#workOf(call), thread.id));
  }

  #reportOnce(call: Call, error: OffloopError): void {
    const { onThreadFailure } = this.#options;
    call.isReported = true;
    onThreadFailure(error);
    const holders = this.#holders;
    if (!this.#areAll(holders) || holders.some(({ isReported }) => !isReported)) return;
    onThreadFailure(allHeldError(holders.length, [...new Set(holders.map((held) => this.#workOf(held).id))]));
  }

  #areAll(holders: readonly Call[]): boolean {
    const { max, reserve } = this.#options;
    return holders.length >= max + reserve;
  }

  /** The calls that keep a thread. */
  get #holders(): Call[] {
    return [...this.#threads].flatMap((thread) => this.#monitor.holderOf(thread) ?? []);
  }

  #workOf({ work }: Call): DeclaredWork {
    return this.#options.works[work] as DeclaredWork;
  }
}
