import type { ServerResponse } from "node:http";
import type { Batch, Figure } from "./batch.ts";
import type { Collector } from "./collector.ts";

const BATCH_MS = 100;
const MAX_PAGES = 16;

/** Tells the open pages what happens, by server-sent events. Without a page it does nothing, not even a timer's turn. */
export class EventStream {
  readonly #collector: Collector;
  readonly #title: string;
  readonly #pages = new Map<ServerResponse, Reader>();
  #timer: NodeJS.Timeout | undefined;

  constructor(collector: Collector, title: string) {
    this.#collector = collector;
    this.#title = title;
  }

  /** Whether one page more may be told. */
  get hasRoom(): boolean {
    return this.#pages.size < MAX_PAGES;
  }

  /** Writes to the response from now on, until it is closed. */
  add(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 1000\n\n");
    response.on("error", () => response.destroy());
    response.once("close", () => this.#remove(response));
    const reader = new Reader(this.#collector, this.#title);
    this.#pages.set(response, reader);
    tell(response, reader);
    this.#timer ??= setInterval(() => {
      for (const [page, itsReader] of this.#pages) tell(page, itsReader);
    }, BATCH_MS).unref();
  }

  /** Ends every page's stream. */
  close(): void {
    for (const page of this.#pages.keys()) {
      page.end();
      this.#remove(page);
    }
  }

  #remove(page: ServerResponse): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** A page that has not read what it was sent is sent nothing more; what it misses meanwhile is counted by its reader. */
function tell(page: ServerResponse, reader: Reader): void {
  if (page.writableNeedDrain) return;
  const batch = reader.next(performance.now());
  if (batch !== undefined) page.write(`data: ${JSON.stringify(batch)}\n\n`);
}

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
