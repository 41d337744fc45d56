import cluster from "node:cluster";
import {
  type PageOfWorker,
  type PrimaryInspectorMessage,
  SHARED_INSPECTOR,
  type WorkerInspectorMessage,
} from "./all-workers.ts";
import type { Collector } from "./collector.ts";
import { Reader, type Told } from "./reader.ts";

/** The place of this process among those that share a port; undefined when it is the only one. */
export function ownPlace(): { readonly worker: number; readonly server: number } | undefined {
  const server = Number(process.env[SHARED_INSPECTOR]);
  if (!cluster.isWorker || !(server > 0)) return undefined;
  return { worker: cluster.worker?.id ?? 0, server };
}

/** A page's access to the other processes. */
interface OtherProcesses {
  /** Asks each for news that the page has not received. One that has not answered is not asked again. */
  ask(): void;
  close(): void;
}

/** In a worker: reports this worker to pages of the others, and the others to its own pages, through the primary. */
export class OtherWorkers {
  readonly #collector: Collector;
  readonly #told: Told;
  readonly #pages = new Map<number, (batch: string) => void>();
  /** What pages of other workers have learned about this one. */
  readonly #readers = new Map<string, Reader>();
  #number = 0;

  constructor(collector: Collector, told: Told) {
    this.#collector = collector;
    this.#told = told;
    process.on("message", this.#onMessage);
  }

  /** @param onBatch - Called with batches of the others, as JSON. */
  open(onBatch: (batch: string) => void): OtherProcesses {
    const page = ++this.#number;
    this.#pages.set(page, onBatch);
    return {
      ask: () => send({ offloopInspector: "ask", page }),
      close: () => {
        this.#pages.delete(page);
        send({ offloopInspector: "close", page });
      },
    };
  }

  close(): void {
    process.off("message", this.#onMessage);
  }

  readonly #onMessage = (message: PrimaryInspectorMessage | undefined): void => {
    if (message?.offloopInspector === "asked") this.#answer(message.from);
    if (message?.offloopInspector === "closed") this.#readers.delete(keyOf(message.from));
    if (message?.offloopInspector === "told") this.#pages.get(message.page)?.(message.batch);
  };

  #answer(to: PageOfWorker): void {
    const key = keyOf(to);
    const reader = this.#readers.get(key) ?? new Reader(this.#collector, this.#told);
    this.#readers.set(key, reader);
    const batch = reader.next(performance.now());
    send({ offloopInspector: "answer", to, batch: batch === undefined ? "" : JSON.stringify(batch) });
  }
}

function keyOf({ worker, page }: PageOfWorker): string {
  return `${worker} ${page}`;
}

/** When the primary has gone, this process ends with it. */
function send(message: WorkerInspectorMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
