import type { ServerResponse } from "node:http";
import type { Collector } from "./collector.ts";
import { Reader } from "./reader.ts";

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
