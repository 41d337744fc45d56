import type { Batch, Hello, Name, PoolState, Running, RunRow } from "../batch.ts";
import { laneOf } from "./lane.ts";
import { type Lanes, Presumption } from "./presumption.ts";
import type { Presumed, Run } from "./run.ts";

const nothingRuns: Running = { loop: 0, thread: 0, rows: [] };

/** What the page knows of one process: what is in progress there, and how its numbers read here. */
export class Process {
  /** 0 where there is only one. */
  readonly worker: number;
  /** What is added to its times, to count from the origin of the store. */
  readonly #shiftMs: number;
  readonly #numberOf: (name: Name) => number;
  /** Where its names are among those of the store. */
  readonly #names: number[] = [];
  readonly #isOnThread: (name: number) => boolean;
  readonly #isTask: (name: number) => boolean;
  readonly #presumption = new Presumption();
  running: Running = nothingRuns;
  threads: readonly number[] = [];
  pool: PoolState | undefined;
  /** When its last batch came, by the page's clock. */
  heardAt = 0;
  isGone = false;

  constructor(worker: number, { origin }: Hello, known: KnownNames) {
    this.worker = worker;
    this.#shiftMs = origin - known.origin;
    this.#numberOf = known.numberOf;
    this.#isOnThread = known.isOnThread;
    this.#isTask = known.isTask;
  }

  get loop(): number {
    return laneOf(this.worker, 0);
  }

  /** Where its runs that have not ended are presumed to be. */
  get presumed(): readonly Presumed[] {
    return this.#presumption.list;
  }

  /** @returns The runs that ended. */
  take(batch: Batch): Run[] {
    this.heardAt = performance.now();
    for (const name of batch.names ?? []) this.#names.push(this.#numberOf(name));
    const ended = (batch.runs ?? []).map((row) => this.#runOf(row));
    this.threads = batch.threads?.map((thread) => laneOf(this.worker, thread)) ?? this.threads;
    this.running = batch.running ?? this.running;
    this.pool = batch.pool ?? this.pool;
    const rows = this.running.rows.map(
      ([name, request, slot, handedAt]) => [this.nameOf(name), request, slot, this.timeOf(handedAt)] as const,
    );
    this.#presumption.update(rows, ended, this.#lanes);
    return ended;
  }

  /** It has ended, and all that ran there. */
  end(): void {
    this.isGone = true;
    this.running = nothingRuns;
    this.threads = [];
    this.pool = undefined;
    this.#presumption.update([], [], this.#lanes);
  }

  get #lanes(): Lanes {
    return { loop: this.loop, threads: this.threads, isOnThread: this.#isOnThread, isTask: this.#isTask };
  }

  nameOf(name: number): number {
    return this.#names[name] ?? -1;
  }

  timeOf(time: number): number {
    return time + this.#shiftMs;
  }

  #runOf([name, request, thread, slot, handed, queueMs, runMs, outcome, job]: RunRow): Run {
    const handedAt = this.timeOf(handed);
    const startedAt = handedAt + queueMs;
    const lane = thread === null ? null : laneOf(this.worker, thread);
    const times = { handedAt, startedAt, endedAt: startedAt + runMs };
    return { name: this.nameOf(name), request, lane, slot, ...times, outcome, job };
  }
}

/** What a process is read with. */
export interface KnownNames {
  /** Of the store, in milliseconds since 1970. */
  readonly origin: number;
  /** The place of a name among those of all processes. */
  readonly numberOf: (name: Name) => number;
  readonly isOnThread: (name: number) => boolean;
  readonly isTask: (name: number) => boolean;
}
