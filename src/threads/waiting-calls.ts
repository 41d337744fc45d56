import type { Call, CallClass } from "./call.ts";
import { CallQueue } from "./call-queue.ts";
import type { PoolSize } from "./pool-size.ts";

/** All calls that wait for a thread: requests, and behind them background work. */
export class WaitingCalls {
  readonly #queues: Readonly<Record<CallClass, CallQueue>> = {
    request: new CallQueue(),
    background: new CallQueue(),
  };

  get size(): number {
    return this.#queues.request.size + this.#queues.background.size;
  }

  sizeOf(callClass: CallClass): number {
    return this.#queues[callClass].size;
  }

  get counts(): Pick<PoolSize, "waiting" | "waitingTasks"> {
    return { waiting: this.size, waitingTasks: this.#queues.background.size };
  }

  get requests(): number {
    return this.#queues.request.size;
  }

  /** Since when the call that waits longest has waited, or undefined when none does. */
  get since(): number | undefined {
    const { request, background } = this.#queues;
    const times = [request.oldest?.queuedAt, background.oldest?.queuedAt].filter(
      (time) => time !== undefined,
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  push(call: Call): void {
    this.#queues[call.class].push(call);
  }

  /** Puts back calls that were taken, given in their order, before those that came later. */
  putBack(calls: readonly Call[]): void {
    for (const callClass of ["request", "background"] as const) {
      this.#queues[callClass].putBack(calls.filter((call) => call.class === callClass));
    }
  }

  /** Takes the next of all: the oldest request, or if there is none the oldest background call. */
  take(): Call | undefined {
    return this.#queues.request.take() ?? this.#queues.background.take();
  }

  /** Takes all, requests first. */
  takeAll(): Call[] {
    const calls: Call[] = [];
    for (let call = this.take(); call !== undefined; call = this.take()) calls.push(call);
    return calls;
  }

  /** Takes the calls whose clients have hung up. */
  takeGone(): Call[] {
    return this.#queues.request.takeWhere(({ waiter }) => waiter?.isGone === true);
  }

  /** Takes the oldest request among the works that may run. */
  takeRequest(mayRun: (work: number) => boolean): Call | undefined {
    return this.#queues.request.take(mayRun);
  }
}
