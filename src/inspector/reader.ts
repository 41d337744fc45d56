import type { Batch, Figure } from "./batch.ts";
import type { Collector } from "./collector.ts";

const MAX_RUNS = 2_000;
const MAX_RUNNING = 1_000;
const MAX_SILENCE_MS = 500;
const FIGURES_MS = 1_000;

/** What one page has been told so far, and what it is to be told next. It starts with all that is kept. */
export class Reader {
  readonly #collector: Collector;
  readonly #title: string;
  #helloTold = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #names = 0;
  #runs = 0;
  #incidents = 0;
  #running = -1;
  #threads = -1;
  #figures = 0;
  #figuresAt = Number.NEGATIVE_INFINITY;

  constructor(collector: Collector, title: string) {
    this.#collector = collector;
    this.#title = title;
    this.#runs = collector.runs.oldest;
  }

  /** The next batch; undefined when there is nothing to tell and the page knows that the server is well. */
  next(now: number): Batch | undefined {
    const news = { ...this.#hello(), ...this.#ended(), ...this.#inProgress(), ...this.#figuresDue(now) };
    if (Object.keys(news).length === 0 && now - this.#toldAt < MAX_SILENCE_MS) return undefined;
    this.#toldAt = now;
    return { now: Math.round(now * 1000) / 1000, ...this.#newNames(), ...news };
  }

  #hello(): Pick<Batch, "hello"> {
    if (this.#helloTold) return {};
    this.#helloTold = true;
    return { hello: { title: this.#title, origin: this.#collector.origin } };
  }

  #newNames(): Pick<Batch, "names"> {
    const names = this.#collector.names.list.slice(this.#names);
    this.#names += names.length;
    return names.length === 0 ? {} : { names };
  }

  #ended(): Pick<Batch, "runs" | "lost" | "incidents"> {
    const { rows, lost } = this.#collector.runs.since(this.#runs, MAX_RUNS);
    this.#runs += lost + rows.length;
    const incidents = this.#collector.incidents.slice(this.#incidents);
    this.#incidents = this.#collector.incidents.end;
    return {
      ...(rows.length > 0 && { runs: rows }),
      ...(lost > 0 && { lost }),
      ...(incidents.length > 0 && { incidents }),
    };
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
}
