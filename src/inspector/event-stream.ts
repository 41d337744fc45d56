import type { ServerResponse } from "node:http";
import { finished } from "node:stream";
import type { Collector } from "./collector.ts";
import { Reader, type Told } from "./reader.ts";
import type { OtherWorkers } from "./workers.ts";

const BATCH_MS = 100;
const MAX_PAGES = 16;

/**
 * Reports to the open pages what happens, through server-sent events. Without a page it does
 * nothing, not even run a timer.
 */
export class EventStream {
  readonly #collector: Collector;
  readonly #told: Told;
  readonly #others: OtherWorkers | undefined;
  readonly #pages = new Map<ServerResponse, Page>();
  #timer: NodeJS.Timeout | undefined;

  /** @param others - The other processes that share the port; undefined when there are none. */
  constructor(collector: Collector, told: Told, others?: OtherWorkers) {
    this.#collector = collector;
    this.#told = told;
    this.#others = others;
  }

  /** Whether one more page may connect. */
  get hasRoom(): boolean {
    return this.#pages.size < MAX_PAGES;
  }

  /** Writes to the response from now on, until it is closed. */
  add(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 1000\n\n");
    response.on("error", () => response.destroy());
    const page = new Page(response, new Reader(this.#collector, this.#told), this.#others);
    this.#pages.set(response, page);
    finished(response, () => this.#remove(response)); // also where the client has left before
    page.tell();
    this.#timer ??= setInterval(() => {
      for (const one of this.#pages.values()) one.tell();
    }, BATCH_MS).unref();
  }

  /** Ends every page's stream. */
  close(): void {
    for (const response of this.#pages.keys()) {
      response.end();
      this.#remove(response);
    }
  }

  #remove(response: ServerResponse): void {
    this.#pages.get(response)?.close();
    this.#pages.delete(response);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** An open page: it receives news of this process, and of the others. */
class Page {
  readonly #response: ServerResponse;
  readonly #reader: Reader;
  readonly #others: ReturnType<OtherWorkers["open"]> | undefined;

  constructor(response: ServerResponse, reader: Reader, others: OtherWorkers | undefined) {
    this.#response = response;
    this.#reader = reader;
    this.#others = others?.open((batch) => this.#write(batch));
  }

  /** A page that has not read what it was sent is sent nothing more; its reader counts what it misses meanwhile. */
  tell(): void {
    if (this.#response.writableNeedDrain) return;
    const batch = this.#reader.next(performance.now());
    if (batch !== undefined) this.#write(JSON.stringify(batch));
    this.#others?.ask();
  }

  close(): void {
    this.#others?.close();
  }

  #write(batch: string): void {
    this.#response.write(`data: ${batch}\n\n`);
  }
}
