import type { Batch, Hello, Name, PoolState, Running, RunRow } from "../batch.ts";
import { laneOf } from "./lane.ts";
import { type Lanes, Presumption } from "./presumption.ts";
import type { Presumed, Run } from "./run.ts";

const nothingRuns: Running = { loop: 0, thread: 0, rows: [] };

/** What the page knows about one process: what is in progress there, and how to translate its numbers. */
export class Process {
  /** 0 when there is only one. */
  readonly worker: number;
  /** Added to its times, so that they count from the origin of the store. */
  readonly #shiftMs: number;
  readonly #numberOf: (name: Name) => number;
  /** The positions of its names among those of the store. */
  readonly #names: number[] = [];
  readonly #isOnThread: (name: number) => boolean;
  readonly #isTask: (name: number) => boolean;
  readonly #presumption = new Presumption();
  running: Running = nothingRuns;
  threads: readonly number[] = [];
  pool: PoolState | undefined;
  /** When its last batch arrived, by the page's clock. */
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

  /** Where its unfinished runs are presumed to be. */
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

  /** The process has ended, and with it everything that ran there. */
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

/** What is needed to read a process's batches. */
export interface KnownNames {
  /** The origin of the store, in milliseconds since 1970. */
  readonly origin: number;
  /** The position of a name among those of all processes. */
  readonly numberOf: (name: Name) => number;
  readonly isOnThread: (name: number) => boolean;
  readonly isTask: (name: number) => boolean;
}
