import type { Batch, Figure, Incident, Name, Running, RunningRow, RunRow } from "../batch.ts";

const MAX_RUNS = 60_000;
const MAX_INCIDENTS = 200;
const nothingRuns: Running = { loop: 0, thread: 0, rows: [] };

/** All that the page knows, bounded by count. */
export class Store {
  title = "";
  /** Milliseconds since 1970. */
  origin = 0;
  names: Name[] = [];
  runs: Run[] = [];
  running: Running = nothingRuns;
  threads: readonly number[] = [];
  incidents: Incident[] = [];
  readonly figures: Map<number, Figure> = new Map();
  /** While a stretch of time is looked at, what is older than the newest runs is kept too. */
  keepsAll = false;
  /** Runs that were too many for the server to tell, or for this page to keep. */
  lost = 0;
  /** When the last batch came, by the page's clock. */
  heardAt = 0;
  #presumption = new Presumption();
  #clockOffset = Number.NEGATIVE_INFINITY;

  /** The time of day at the server. */
  now(): number {
    return this.#clockOffset === Number.NEGATIVE_INFINITY ? 0 : performance.now() + this.#clockOffset;
  }

  /** Where runs that have not ended are presumed to be. */
  presumed(): readonly Presumed[] {
    return this.#presumption.list;
  }

  take(batch: Batch): void {
    if (batch.hello !== undefined) this.#greet(batch.hello);
    this.heardAt = performance.now();
    // The batch that was the fastest to come knows the server's clock best.
    this.#clockOffset = Math.max(this.#clockOffset, batch.now - this.heardAt);
    this.names.push(...(batch.names ?? []));
    const ended = (batch.runs ?? []).map(runOf);
    this.lost += batch.lost ?? 0;
    this.#keep(ended);
    this.threads = batch.threads ?? this.threads;
    this.running = batch.running ?? this.running;
    this.incidents = [...this.incidents, ...(batch.incidents ?? [])].slice(-MAX_INCIDENTS);
    for (const figure of batch.figures ?? []) this.figures.set(figure.name, figure);
    const isOnThread = (name: number): boolean => this.names[name]?.lane === "thread";
    this.#presumption.update(this.running.rows, ended, this.threads, isOnThread);
  }

  /** A new connection tells everything from the start. */
  #greet({ title, origin }: NonNullable<Batch["hello"]>): void {
    this.title = title;
    this.origin = origin;
    this.names = [];
    this.runs = [];
    this.incidents = [];
    this.figures.clear();
    this.running = nothingRuns;
    this.threads = [];
    this.lost = 0;
    this.#presumption = new Presumption(); // threads of another server have the same numbers
    this.#clockOffset = Number.NEGATIVE_INFINITY;
  }

  #keep(ended: readonly Run[]): void {
    const room = this.keepsAll ? 2 * MAX_RUNS - this.runs.length : ended.length;
    const kept = ended.slice(0, Math.max(0, room));
    this.lost += ended.length - kept.length;
    for (const run of kept) this.runs.push(run);
    // Not one by one: moving the array costs more than the memory of some runs more.
    if (!this.keepsAll && this.runs.length > 1.25 * MAX_RUNS)
      this.runs.splice(0, this.runs.length - MAX_RUNS);
  }
}

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
