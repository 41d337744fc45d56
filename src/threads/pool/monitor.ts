import { clearTimeout, setTimeout } from "../../errors/timers.ts";
import type { Call } from "./call.ts";
import type { RunningCall, Thread } from "./thread.ts";

/** How often running calls are checked when nothing is due earlier. */
const ROUND_MS = 50;
/** How long the rest of a reply may still be produced when its client has gone and its code does not notice. */
const GONE_MS = 2_000;
/**
 * How much longer what runs beside a request may take, so that the request may end before their thread is ended; and how
 * much longer a call may take for the sake of one that has no deadline itself.
 */
const BESIDE_MS = 2_000;

/** What is wrong with a thread. */
export type Finding =
  /** Its call is past its deadline, runs for nobody, or is no longer wanted by its waiter: call and thread are ended. */
  | {
      readonly kind: "deadline" | "abandoned" | "cancelled";
      readonly thread: Thread;
      readonly call: Call;
      readonly ms: number;
    }
  /** The client of its call has gone: the call's signal aborts. */
  | { readonly kind: "gone"; readonly thread: Thread; readonly call: Call }
  /** Its call has no deadline and has been running for long. */
  | { readonly kind: "held"; readonly thread: Thread; readonly call: Call; readonly ms: number }
  /** It holds calls, runs none of them nor anything else that does not await, and has returned no result for long. */
  | { readonly kind: "silent"; readonly thread: Thread };

/**
 * Checks the running calls from time to time: which are past their deadline, whose client has gone, and which threads
 * do not start what they hold. One timer serves all calls, so that short ones cost next to nothing.
 */
export class Monitor {
  readonly #threads: Iterable<Thread>;
  readonly #longRunMs: number;
  readonly #onFindings: (findings: readonly Finding[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  /**
   * @param longRunMs - A call without a deadline that has been running for this long keeps its thread.
   * @param onFindings - Called when something has to be done.
   */
  constructor(
    threads: Iterable<Thread>,
    longRunMs: number,
    onFindings: (findings: readonly Finding[]) => void,
  ) {
    this.#threads = threads;
    this.#longRunMs = longRunMs;
    this.#onFindings = onFindings;
  }

  /** The call that keeps a thread, if any. */
  holderOf(thread: Thread): Call | undefined {
    if (thread.exit.isStuck) return thread.exit.killed?.call;
    const { running } = thread;
    return running.find((run) => this.#isLong(run, isSilent(thread, running)))?.call;
  }

  /** A call goes to a thread: the next check must not come later than this call requires. */
  expect({ timeoutMs }: Call): void {
    if (timeoutMs !== undefined) this.#within(Math.min(timeoutMs, ROUND_MS));
    else if (this.#timer === undefined) this.#within(ROUND_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #within(ms: number): void {
    const dueAt = performance.now() + ms;
    if (dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const findings: Finding[] = [];
    for (const thread of this.#threads) {
      if (thread.load === 0 || thread.isEnding) continue;
      const { running } = thread;
      if (isSilent(thread, running)) findings.push({ kind: "silent", thread });
      const found = running.map((run) => this.#findFault(thread, run, running));
      findings.push(...found.filter((finding) => finding !== undefined));
      // It may hold a call that it has not started yet: check again soon.
      this.#within(Math.min(ROUND_MS, ...running.map((run) => dueIn(run, running))));
    }
    if (findings.length > 0) this.#onFindings(findings);
  }

  #findFault(thread: Thread, run: RunningCall, running: readonly RunningCall[]): Finding | undefined {
    const { call, ms } = run;
    const { timeoutMs, waiter, pinned, cancelledAt } = call;
    const graceMs = pinned && running.some((other) => !other.call.pinned) ? BESIDE_MS : 0;
    if (timeoutMs !== undefined && ownMs(run, running) >= timeoutMs + graceMs)
      return { kind: "deadline", thread, call, ms };
    if (waiter?.mustEnd === true) return { kind: "cancelled", thread, call, ms };
    if (waiter?.isGone === true && cancelledAt === undefined) return { kind: "gone", thread, call };
    // A request runs to its end; producing chunks for nobody has none.
    if (pinned && cancelledAt !== undefined && performance.now() - cancelledAt >= GONE_MS + graceMs)
      return { kind: "abandoned", thread, call, ms };
    return this.#isLong(run, isSilent(thread, running)) && !call.isReported
      ? { kind: "held", thread, call, ms }
      : undefined;
  }

  /** What awaits leaves its thread to others, unless it has begun to compute. */
  #isLong({ call, ms, isAwaiting }: RunningCall, isThreadSilent: boolean): boolean {
    return call.timeoutMs === undefined && ms >= this.#longRunMs && (!isAwaiting || isThreadSilent);
  }
}

/** Whether it holds calls that it does not start, though what it has started only awaits. */
function isSilent({ load, progressAt }: Thread, running: readonly RunningCall[]): boolean {
  if (load === running.length || running.some(({ isAwaiting }) => !isAwaiting)) return false;
  return performance.now() - progressAt >= ROUND_MS;
}

/** For how long a call has run, without the time in which another computed: that is charged to the other one's deadline. */
function ownMs({ call, ms, heldMs }: RunningCall, running: readonly RunningCall[]): number {
  const hasEndless = running.some((other) => other.call !== call && other.call.timeoutMs === undefined);
  return ms - (hasEndless ? Math.min(heldMs, BESIDE_MS) : heldMs);
}

/** After how many milliseconds to check a running call again. */
function dueIn(run: RunningCall, running: readonly RunningCall[]): number {
  const { timeoutMs } = run.call;
  const ms = ownMs(run, running);
  if (timeoutMs === undefined || timeoutMs <= ms) return ROUND_MS;
  return Math.min(ROUND_MS, timeoutMs - ms);
}

/** A thread that takes no call for this long, held by something that a call has left running, does not come back. */
const SILENT_MS = 30_000;

/** Threads that were given calls and have taken none of them. */
export class SilentThreads {
  readonly #timers = new Map<Thread, NodeJS.Timeout>();
  readonly #onLost: (thread: Thread, ms: number) => void;

  /** @param onLost - Called for a thread that has been silent for too long. */
  constructor(onLost: (thread: Thread, ms: number) => void) {
    this.#onLost = onLost;
  }

  add(thread: Thread): void {
    if (this.#timers.has(thread)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(thread);
      const silentMs = performance.now() - thread.progressAt;
      if (thread.running.length === 0 && silentMs >= SILENT_MS) this.#onLost(thread, SILENT_MS);
    }, SILENT_MS);
    this.#timers.set(thread, timer.unref());
  }

  /** It is there again, or has ended. */
  delete(thread: Thread): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(thread));
    this.#timers.delete(thread);
  }
}
