import type { Worker } from "node:cluster";
import type { Batch } from "./batch.ts";

/** A page connected to a worker, and the other workers that have been asked for it and have not answered. */
interface OpenPage extends PageOfWorker {
  readonly asked: Set<Worker>;
  /** Workers that have sent something: the page is told when they end, too. */
  readonly heard: Set<number>;
}

/** In the primary: lets each worker's pages show all workers. Without a page nothing is sent. */
export class InspectedWorkers {
  readonly #workers = new Map<number, Worker>();
  readonly #pages = new Map<string, OpenPage>();

  /** Listens to a worker from now on until it has gone. */
  add(worker: Worker): void {
    this.#workers.set(worker.id, worker);
    worker.on("message", (message: WorkerInspectorMessage | undefined) => {
      if (message?.offloopInspector === "ask") this.#ask(worker.id, message.page);
      if (message?.offloopInspector === "close") this.#close(worker.id, message.page);
      if (message?.offloopInspector === "answer") this.#take(worker, message.to, message.batch);
    });
    worker.once("disconnect", () => this.#bury(worker));
  }

  #ask(worker: number, page: number): void {
    const key = `${worker} ${page}`;
    const open = this.#pages.get(key) ?? { worker, page, asked: new Set(), heard: new Set() };
    this.#pages.set(key, open);
    for (const [id, other] of this.#workers) {
      if (id === worker || open.asked.has(other)) continue;
      open.asked.add(other);
      send(other, { offloopInspector: "asked", from: { worker, page } });
    }
  }

  #take(from: Worker, { worker, page }: PageOfWorker, batch: string): void {
    const open = this.#pages.get(`${worker} ${page}`);
    open?.asked.delete(from);
    if (open === undefined || batch === "") return;
    open.heard.add(from.id);
    this.#tell(open, batch);
  }

  #close(worker: number, page: number): void {
    this.#pages.delete(`${worker} ${page}`);
    for (const [id, other] of this.#workers)
      if (id !== worker) send(other, { offloopInspector: "closed", from: { worker, page } });
  }

  #bury(gone: Worker): void {
    this.#workers.delete(gone.id);
    const end: Batch = { worker: gone.id, now: 0, gone: true };
    for (const open of this.#pages.values()) {
      open.asked.delete(gone);
      if (open.worker === gone.id) this.#close(open.worker, open.page);
      else if (open.heard.delete(gone.id)) this.#tell(open, JSON.stringify(end));
    }
  }

  #tell({ worker, page }: OpenPage, batch: string): void {
    const to = this.#workers.get(worker);
    if (to !== undefined) send(to, { offloopInspector: "told", page, batch });
  }
}

/** Sending to a worker that is just dying fails. That is not an error: it is not asked again. */
function send(worker: Worker, message: PrimaryInspectorMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}

/**
 * Set for workers whose primary connects them to each other's pages: when the primary started, in milliseconds since
 * 1970.
 */
export const SHARED_INSPECTOR = "OFFLOOP_SHARED_INSPECTOR";

/** What a worker sends to its primary. */
export type WorkerInspectorMessage =
  /** Asks all others for news that one of its pages has not received. */
  | { readonly offloopInspector: "ask"; readonly page: number }
  /** That page is closed. */
  | { readonly offloopInspector: "close"; readonly page: number }
  /** The answer: a batch as JSON, empty when there is nothing to report. */
  | { readonly offloopInspector: "answer"; readonly to: PageOfWorker; readonly batch: string };

/** What the primary sends to a worker. */
export type PrimaryInspectorMessage =
  /** Another worker's page asks. */
  | { readonly offloopInspector: "asked"; readonly from: PageOfWorker }
  /** Another worker's page is closed. */
  | { readonly offloopInspector: "closed"; readonly from: PageOfWorker }
  /** For one of its own pages: a batch from another worker, as JSON. */
  | { readonly offloopInspector: "told"; readonly page: number; readonly batch: string };

/** A page, and the worker that it is connected to. */
export interface PageOfWorker {
  readonly worker: number;
  readonly page: number;
}
