import type { Batch, Figure, Hello, Name } from "../batch.ts";
import { KnownIncidents } from "./known-incidents.ts";
import { Process } from "./process.ts";
import { RecentSeconds } from "./recent.ts";
import type { Presumed, ResponseEnd, Run } from "./run.ts";
import { Sketch } from "./sketch.ts";

const MAX_RUNS = 60_000;
const MAX_ENDS = 15_000;

/** Everything the page knows, about all processes, limited by count. */
export class Store {
  title = "";
  /** Milliseconds since 1970; all times of day here count from it. */
  origin = 0;
  /** Distinguishes runs of the server. */
  server = 0;
  readonly names: Name[] = [];
  readonly #numbers = new Map<string, number>();
  runs: Run[] = [];
  readonly #processes = new Map<number, Process>();
  /** How responses ended, by request; the oldest first. */
  readonly #ends = new Map<string, ResponseEnd>();
  /** Counts what became known of how responses ended. */
  endsKnown = 0;
  incidents: KnownIncidents = new KnownIncidents();
  figures: FigureTotals = new FigureTotals();
  recent: RecentSeconds = new RecentSeconds();
  /** While a fixed period is viewed, runs older than the newest ones are kept, too. */
  keepsAll = false;
  /** Runs that were too many for the server to send, or for this page to keep. */
  lost = 0;
  /** When the last batch arrived, by the page's clock. */
  heardAt = 0;
  #presumed: readonly Presumed[] = [];
  #clockOffset = Number.NEGATIVE_INFINITY;

  /** The time of day at the server. */
  now(): number {
    return this.#clockOffset === Number.NEGATIVE_INFINITY ? 0 : performance.now() + this.#clockOffset;
  }

  /** How the response to a request ended; undefined while that is not known, or where a plain one was sent whole. */
  endOf(request: string | null): ResponseEnd | undefined {
    return request === null ? undefined : this.#ends.get(request);
  }

  /** In numerical order. */
  get processes(): readonly Process[] {
    return [...this.#processes.values()].sort((a, b) => a.worker - b.worker);
  }

  /** Where unfinished runs are presumed to be. */
  presumed(): readonly Presumed[] {
    return this.#presumed;
  }

  /** A new connection sends everything from the start. The view stays where it is. */
  restart(): void {
    this.names.length = 0;
    this.#numbers.clear();
    this.runs = [];
    this.#processes.clear();
    this.#presumed = [];
    this.#ends.clear();
    this.incidents = new KnownIncidents();
    this.figures = new FigureTotals();
    this.recent = new RecentSeconds();
    this.lost = 0;
    this.#clockOffset = Number.NEGATIVE_INFINITY;
  }

  take(batch: Batch): void {
    const { worker = 0, hello } = batch;
    if (hello !== undefined) this.#greet(worker, hello);
    const process = this.#processes.get(worker);
    if (process === undefined) return;
    this.heardAt = performance.now();
    if (batch.gone) process.end();
    else this.#hear(process, batch);
    this.#presumed = this.processes.flatMap(({ presumed }) => presumed);
  }

  #hear(process: Process, batch: Batch): void {
    // The batch that arrived fastest knows the server's clock best.
    this.#clockOffset = Math.max(this.#clockOffset, process.timeOf(batch.now) - this.heardAt);
    const ended = process.take(batch);
    this.lost += batch.lost ?? 0;
    this.recent.count(ended, batch.lost ?? 0, this.now());
    this.#keep(ended);
    for (const [request, end] of batch.ends ?? []) this.#keepEnd(request, end);
    this.incidents.take(process, batch);
    for (const figure of batch.figures ?? []) this.figures.take(process, figure);
  }

  #greet(worker: number, hello: Hello): void {
    this.title = hello.title;
    if (hello.server !== this.server) {
      this.restart();
      this.server = hello.server;
      this.origin = hello.server; // none of its processes started earlier
    }
    const known = {
      origin: this.origin,
      numberOf: (name: Name) => this.#numberOf(name),
      isOnThread: (name: number) => this.names[name]?.lane === "thread",
      isTask: (name: number) => this.names[name]?.kind === "task",
    };
    this.#processes.set(worker, new Process(worker, hello, known));
  }

  #keepEnd(request: string, end: ResponseEnd): void {
    this.endsKnown++;
    this.#ends.set(request, end);
    if (this.#ends.size > MAX_ENDS) this.#ends.delete(this.#ends.keys().next().value ?? request);
  }

  #numberOf(name: Name): number {
    const key = `${name.kind} ${name.name}`;
    const known = this.#numbers.get(key) ?? this.names.push(name) - 1;
    this.#numbers.set(key, known);
    return known;
  }

  #keep(ended: readonly Run[]): void {
    const room = this.keepsAll ? 2 * MAX_RUNS - this.runs.length : ended.length;
    const kept = ended.slice(0, Math.max(0, room));
    this.lost += ended.length - kept.length;
    for (const run of kept) this.runs.push(run);
    // Not one by one: moving the array costs more than the memory for some more runs.
    if (!this.keepsAll && this.runs.length > 1.25 * MAX_RUNS)
      this.runs.splice(0, this.runs.length - MAX_RUNS);
  }
}

/** How an operation or task has run so far, in all processes together. Durations are milliseconds. */
export interface FigureTotal {
  readonly name: number;
  readonly calls: number;
  readonly failed: number;
  readonly wait: Percentiles;
  readonly run: Percentiles;
}

/** Undefined where nothing ran. */
type Percentiles = readonly [p50: number | undefined, p99: number | undefined];

/** The last figures that every process has sent for every name, and their totals. */
class FigureTotals {
  /** Keyed by name, then by process. */
  readonly #told = new Map<number, Map<number, Figure>>();
  readonly #totals = new Map<number, FigureTotal>();

  get list(): readonly FigureTotal[] {
    return [...this.#totals.values()];
  }

  take(process: Process, figure: Figure): void {
    const name = process.nameOf(figure.name);
    const told = this.#told.get(name) ?? new Map<number, Figure>();
    this.#told.set(name, told);
    told.set(process.worker, figure);
    this.#totals.set(name, totalOf(name, [...told.values()]));
  }
}

function totalOf(name: number, told: readonly Figure[]): FigureTotal {
  const [wait, run] = [new Sketch(), new Sketch()];
  for (const figure of told) {
    wait.merge(figure.wait);
    run.merge(figure.run);
  }
  return {
    name,
    calls: told.reduce((sum, { calls }) => sum + calls, 0),
    failed: told.reduce((sum, { failed }) => sum + failed, 0),
    wait: [wait.percentile(50), wait.percentile(99)],
    run: [run.percentile(50), run.percentile(99)],
  };
}
