import type { RunningRow, RunRow } from "../batch.ts";

/** A run that ended. Times of day are milliseconds since the server's origin. */
export interface Run {
  /** Its place in the store's names. */
  readonly name: number;
  readonly request: string | null;
  /** 0 is the loop; null when it ran on none. */
  readonly thread: number | null;
  /** Tells apart what was on the loop at the same time. */
  readonly slot: number;
  readonly handedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** A status, or 1 and 0 for a task that returned or threw. */
  readonly outcome: number;
}

export function runOf([name, request, thread, slot, handedAt, queueMs, runMs, outcome]: RunRow): Run {
  const startedAt = handedAt + queueMs;
  return { name, request, thread, slot, handedAt, startedAt, endedAt: startedAt + runMs, outcome };
}

/** Whether it threw or answered with 5xx. */
export function hasFailed({ outcome }: Pick<Run, "outcome">): boolean {
  return outcome === 0 || outcome >= 500;
}

/** A run in progress, and the thread it is presumed to be on; undefined while it is presumed to wait. */
export interface Presumed {
  readonly name: number;
  readonly request: string | null;
  readonly slot: number;
  readonly handedAt: number;
  readonly startedAt: number;
  readonly thread: number | undefined;
}

/**
 * Presumes where runs in progress are. Which thread has a run is known when it has ended; until then the runs handed
 * over first are presumed to be on the threads that have been free for longest.
 */
export class Presumption {
  list: readonly Presumed[] = [];
  #byKey = new Map<string, Presumed>();
  readonly #freeSince = new Map<number, number>();

  update(
    rows: readonly RunningRow[],
    ended: readonly Run[],
    threads: readonly number[],
    isOnThread: (name: number) => boolean,
  ): void {
    for (const run of ended) this.#end(run);
    const previous = this.#byKey;
    this.#byKey = new Map();
    const waiting: Presumed[] = [];
    for (const [name, request, slot, handedAt] of rows) {
      const thread = isOnThread(name) ? undefined : 0;
      const run = { name, request, slot, handedAt, startedAt: handedAt, thread };
      const key = keyOf(run);
      const known = previous.get(key);
      const stays = known?.thread === 0 || (known?.thread !== undefined && threads.includes(known.thread));
      if (stays && known !== undefined) this.#byKey.set(key, known);
      else if (thread === 0) this.#byKey.set(key, run);
      else waiting.push(run);
    }
    this.#place(waiting, threads);
    this.list = [...this.#byKey.values()];
  }

  #place(waiting: readonly Presumed[], threads: readonly number[]): void {
    const taken = new Set([...this.#byKey.values()].map(({ thread }) => thread));
    const since = (thread: number): number => this.#freeSince.get(thread) ?? 0;
    const free = threads.filter((thread) => !taken.has(thread)).sort((a, b) => since(a) - since(b));
    for (const run of waiting) {
      const thread = free.shift();
      const startedAt = thread === undefined ? run.handedAt : Math.max(run.handedAt, since(thread));
      this.#byKey.set(keyOf(run), { ...run, thread, startedAt });
    }
  }

  /** What was presumed to be where the ended run really was, is presumed to be where that one was presumed. */
  #end(run: Run): void {
    if (run.thread === null || run.thread === 0) return;
    this.#freeSince.set(run.thread, run.endedAt);
    const presumed = this.#byKey.get(keyOf(run));
    if (presumed?.thread === undefined || presumed.thread === run.thread) return;
    for (const [key, other] of this.#byKey)
      if (other.thread === run.thread) this.#byKey.set(key, { ...other, thread: presumed.thread });
    this.#byKey.delete(keyOf(run));
  }
}

function keyOf({ name, request, handedAt }: Pick<Run, "name" | "request" | "handedAt">): string {
  return `${name} ${handedAt} ${request}`;
}
