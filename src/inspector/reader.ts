import type { Batch, Figure, PoolState } from "./batch.ts";
import type { Collector } from "./collector.ts";

const MAX_RUNS = 2_000;
const MAX_RUNNING = 1_000;
const MAX_SILENCE_MS = 500;
const FIGURES_MS = 1_000;
const POOL_MS = 500;

/** What pages learn about a process, in addition to what it has collected. */
export interface Told {
  /** The app's title. */
  readonly title: string;
  /** The number of the process among those that share a port; undefined when it is the only one. */
  readonly worker?: number | undefined;
  /** Distinguishes runs of the server. */
  readonly server: number;
  /** Undefined while nothing runs on threads. */
  readPool(): PoolState | undefined;
}

/**
 * What one page has learned about a process so far, and what it will be sent next. It starts with
 * everything that is kept.
 */
export class Reader {
  readonly #collector: Collector;
  readonly #told: Told;
  #helloTold = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #names = 0;
  #runs = 0;
  #ends = 0;
  #incidents = 0;
  #running = -1;
  #threads = -1;
  #figures = 0;
  #figuresAt = Number.NEGATIVE_INFINITY;
  #pool = "";
  #poolAt = Number.NEGATIVE_INFINITY;

  constructor(collector: Collector, told: Told) {
    this.#collector = collector;
    this.#told = told;
    this.#runs = collector.runs.oldest;
  }

  /** The next batch; undefined when there is nothing to send and the page knows that the process is well. */
  next(now: number): Batch | undefined {
    const news = {
      ...this.#hello(),
      ...this.#ended(),
      ...this.#responses(),
      ...this.#inProgress(),
      ...this.#figuresDue(now),
      ...this.#poolDue(now),
    };
    if (Object.keys(news).length === 0 && now - this.#toldAt < MAX_SILENCE_MS) return undefined;
    this.#toldAt = now;
    const { worker } = this.#told;
    return {
      ...(worker !== undefined && { worker }),
      now: Math.round(now * 1000) / 1000,
      ...this.#newNames(),
      ...news,
    };
  }

  #hello(): Pick<Batch, "hello"> {
    if (this.#helloTold) return {};
    this.#helloTold = true;
    const { title, server } = this.#told;
    return { hello: { title, server, origin: this.#collector.origin } };
  }

  #newNames(): Pick<Batch, "names"> {
    const names = this.#collector.names.list.slice(this.#names);
    this.#names += names.length;
    return names.length === 0 ? {} : { names };
  }

  #ended(): Pick<Batch, "runs" | "lost" | "incidents" | "groups"> {
    const { runs, incidents } = this.#collector;
    const { rows, lost } = runs.since(this.#runs, MAX_RUNS);
    this.#runs += lost + rows.length;
    const news = {
      ...(rows.length > 0 && { runs: rows }),
      ...(lost > 0 && { lost }),
    };
    if (incidents.changes === this.#incidents) return news;
    const { rows: happened, groups } = incidents.since(this.#incidents);
    this.#incidents = incidents.changes;
    return { ...news, incidents: happened, groups };
  }

  #responses(): Pick<Batch, "ends"> {
    const { ends } = this.#collector;
    const rows = ends.slice(this.#ends);
    this.#ends = ends.end;
    return rows.length === 0 ? {} : { ends: rows };
  }

  #inProgress(): Pick<Batch, "running" | "threads"> {
    const { runs, threads, threadChanges } = this.#collector;
    const news = {
      ...(runs.changes !== this.#running && { running: runs.running(MAX_RUNNING) }),
      ...(threadChanges !== this.#threads && { threads: [...threads] }),
    };
    this.#running = runs.changes;
    this.#threads = threadChanges;
    return news;
  }

  #figuresDue(now: number): { figures?: Figure[] } {
    const { figures } = this.#collector;
    if (figures.runs === this.#figures || now - this.#figuresAt < FIGURES_MS) return {};
    const due = figures.since(this.#figures);
    this.#figures = figures.runs;
    this.#figuresAt = now;
    return { figures: due };
  }

  #poolDue(now: number): { pool?: PoolState } {
    if (now - this.#poolAt < POOL_MS) return {};
    this.#poolAt = now;
    const pool = this.#told.readPool();
    const text = JSON.stringify(pool);
    if (pool === undefined || text === this.#pool) return {};
    this.#pool = text;
    return { pool };
  }
}
