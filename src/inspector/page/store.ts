import type { Batch, Figure, Incident, Name, Running } from "../batch.ts";
import { type Presumed, Presumption, type Run, runOf } from "./run.ts";

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
