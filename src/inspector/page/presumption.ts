import type { RunningRow } from "../batch.ts";
import type { Presumed, Run } from "./run.ts";

/** The lanes of a process. */
export interface Lanes {
  readonly loop: number;
  readonly threads: readonly number[];
  isOnThread(name: number): boolean;
  /** Whether requests take precedence over it. */
  isTask(name: number): boolean;
}

/**
 * Presumes where runs in progress are. Which thread has a run becomes known only when it has ended. Until then the runs
 * handed over first are presumed to be on the threads that have been free for longest, requests before tasks.
 */
export class Presumption {
  list: readonly Presumed[] = [];
  #byKey = new Map<string, Presumed>();
  readonly #freeSince = new Map<number, number>();

  update(
    rows: readonly RunningRow[],
    ended: readonly Run[],
    { loop, threads, isOnThread, isTask }: Lanes,
  ): void {
    for (const run of ended) this.#end(run, loop);
    const previous = this.#byKey;
    this.#byKey = new Map();
    const waiting: Presumed[] = [];
    for (const [name, request, slot, handedAt] of rows) {
      const lane = isOnThread(name) ? undefined : loop;
      const run = { name, request, slot, handedAt, startedAt: handedAt, lane };
      const key = keyOf(run);
      const known = previous.get(key);
      const stays = known?.lane === loop || (known?.lane !== undefined && threads.includes(known.lane));
      if (stays && known !== undefined) this.#byKey.set(key, known);
      else if (lane === loop) this.#byKey.set(key, run);
      else waiting.push(run);
    }
    this.#place(
      [...waiting].sort((a, b) => Number(isTask(a.name)) - Number(isTask(b.name))),
      threads,
    );
    this.list = [...this.#byKey.values()];
  }

  #place(waiting: readonly Presumed[], threads: readonly number[]): void {
    const taken = new Set([...this.#byKey.values()].map(({ lane }) => lane));
    const since = (thread: number): number => this.#freeSince.get(thread) ?? 0;
    const free = threads.filter((thread) => !taken.has(thread)).sort((a, b) => since(a) - since(b));
    for (const run of waiting) {
      const lane = free.shift();
      const startedAt = lane === undefined ? run.handedAt : Math.max(run.handedAt, since(lane));
      this.#byKey.set(keyOf(run), { ...run, lane, startedAt });
    }
  }

  /** The run that was presumed to be where the ended run really was swaps places with it: it may be waiting. */
  #end(run: Run, loop: number): void {
    if (run.lane === null || run.lane === loop) return;
    this.#freeSince.set(run.lane, run.endedAt);
    const presumed = this.#byKey.get(keyOf(run));
    this.#byKey.delete(keyOf(run));
    if (presumed?.lane === run.lane) return;
    for (const [key, other] of this.#byKey)
      if (other.lane === run.lane && other.startedAt < run.endedAt)
        this.#byKey.set(key, { ...other, lane: presumed?.lane });
  }
}

function keyOf({ name, request, handedAt }: Pick<Run, "name" | "request" | "handedAt">): string {
  return `${name} ${handedAt} ${request}`;
}
