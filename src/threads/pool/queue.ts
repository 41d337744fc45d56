import type { Call, CallClass, NewCall, PinnedCall, ThreadHandle } from "./call.ts";

/** All calls that wait for a thread: requests, then background work. */
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

  oldestOf(callClass: CallClass): Call | undefined {
    return this.#queues[callClass].oldest;
  }

  /** When the call that has waited longest began to wait, or undefined when none waits. */
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

  /** Puts taken calls back, in their order, before those that came later. */
  putBack(calls: readonly Call[]): void {
    for (const callClass of ["request", "background"] as const) {
      this.#queues[callClass].putBack(calls.filter((call) => call.class === callClass));
    }
  }

  /** Takes the next call of all: the oldest request, or if there is none the oldest background call. */
  take(): Call | undefined {
    return this.#queues.request.take() ?? this.#queues.background.take();
  }

  /** Takes all, requests first. */
  takeAll(): Call[] {
    const calls: Call[] = [];
    for (let call = this.take(); call !== undefined; call = this.take()) calls.push(call);
    return calls;
  }

  /** Takes the calls that nobody waits for. */
  takeGone(): Call[] {
    return this.#queues.request.takeWhere(isForNobody);
  }

  /** Whether a request of some work waits. */
  hasRequest(isMeant: (work: number) => boolean): boolean {
    return this.#queues.request.has(isMeant);
  }

  /** Takes the oldest request among the works that may run. */
  takeRequest(mayRun: (work: number) => boolean = everyWork): Call | undefined {
    return this.#queues.request.take(mayRun);
  }
}

/** Whether nobody waits for the answer of a call, so that it need not start. */
export function isForNobody({ waiter }: Pick<NewCall, "waiter">): boolean {
  return waiter?.isGone === true && waiter.hasClient !== true;
}

/** Calls that wait for a thread: first come, first served, and findable by their work. */
export class CallQueue {
  readonly #byWork = new Map<number, Line>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The call that has waited longest, without taking it. */
  get oldest(): Call | undefined {
    return this.#oldestLine(everyWork)?.first;
  }

  push(call: Call): void {
    this.#lineOf(call.work).push(call);
    this.#size++;
  }

  /** Puts taken calls back, in their order, before those that came later. */
  putBack(calls: readonly Call[]): void {
    for (const call of calls.toReversed()) this.#lineOf(call.work).unshift(call);
    this.#size += calls.length;
  }

  /** Whether a call of some work waits. */
  has(isMeant: (work: number) => boolean): boolean {
    return this.#oldestLine(isMeant) !== undefined;
  }

  /** Takes the call that has waited longest among the works that may run. */
  take(mayRun: (work: number) => boolean = everyWork): Call | undefined {
    const line = this.#oldestLine(mayRun);
    const call = line?.shift();
    if (call === undefined) return undefined;
    this.#size--;
    if (line?.first === undefined) this.#byWork.delete(call.work);
    return call;
  }

  /** Takes all that match. */
  takeWhere(fits: (call: Call) => boolean): Call[] {
    const taken = [...this.#byWork.values()].flatMap((line) => line.takeWhere(fits));
    for (const [work, line] of this.#byWork) if (line.first === undefined) this.#byWork.delete(work);
    this.#size -= taken.length;
    return taken;
  }

  #lineOf(work: number): Line {
    const found = this.#byWork.get(work);
    if (found !== undefined) return found;
    const line = new Line();
    this.#byWork.set(work, line);
    return line;
  }

  #oldestLine(mayRun: (work: number) => boolean): Line | undefined {
    let found: Line | undefined;
    for (const [work, line] of this.#byWork) {
      const order = line.first?.order ?? Number.POSITIVE_INFINITY;
      if (order < (found?.first?.order ?? Number.POSITIVE_INFINITY) && mayRun(work)) found = line;
    }
    return found;
  }
}

function everyWork(): boolean {
  return true;
}

/** The waiting calls of one work. Taking from the front moves an index; the array is cut when half of it is empty. */
class Line {
  #calls: (Call | undefined)[] = [];
  #head = 0;

  get first(): Call | undefined {
    return this.#calls[this.#head];
  }

  push(call: Call): void {
    this.#calls.push(call);
  }

  unshift(call: Call): void {
    if (this.#head > 0) this.#calls[--this.#head] = call;
    else this.#calls.unshift(call);
  }

  takeWhere(fits: (call: Call) => boolean): Call[] {
    const calls = this.#calls.slice(this.#head) as Call[];
    this.#calls = calls.filter((call) => !fits(call));
    this.#head = 0;
    return calls.filter(fits);
  }

  shift(): Call | undefined {
    const call = this.#calls[this.#head];
    this.#calls[this.#head++] = undefined;
    if (this.#head * 2 > this.#calls.length) {
      this.#calls = this.#calls.slice(this.#head);
      this.#head = 0;
    }
    return call;
  }
}

/** Calls meant for one thread, where what they are about is open. */
export class PinnedCalls {
  readonly #calls: [ThreadHandle, Call][] = [];

  push(thread: ThreadHandle, call: Call): void {
    this.#calls.push([thread, call]);
  }

  /** Puts taken calls back, in their order, before those that came later. */
  putBack(thread: ThreadHandle, calls: readonly Call[]): void {
    this.#calls.unshift(...calls.map((call): [ThreadHandle, Call] => [thread, call]));
  }

  /** Takes the first call whose thread may be given one now, together with its thread. */
  take(mayTake: (thread: ThreadHandle, call: Call) => boolean): readonly [ThreadHandle, Call] | undefined {
    if (this.#calls.length === 0) return undefined;
    const index = this.#calls.findIndex(([thread, call]) => mayTake(thread, call));
    return index === -1 ? undefined : this.#calls.splice(index, 1)[0];
  }

  takeAll(): Call[] {
    return this.#calls.splice(0).map(([, call]) => call);
  }
}

/** A call as the pool keeps it. */
export function takeOn(call: NewCall, order: number): Call {
  const kept = { pinned: false, isPull: false, ticket: 0, cancelledAt: undefined, isReported: false };
  return { ...call, ...kept, queuedAt: performance.now(), order };
}

/** The same for a call that is meant for one thread and no other. */
export function takeOnPinned(call: PinnedCall, order: number): Call {
  const rest = { class: "request", transfer: [], record: call.record } as const;
  return { ...takeOn({ ...call, ...rest }, order), pinned: true, isPull: call.isPull === true };
}
