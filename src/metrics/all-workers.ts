import type { Worker } from "node:cluster";
import type { Figure, PrimaryMetricsMessage, WorkerMetricsMessage } from "./worker-metrics.ts";

/** A worker that has not answered by then is left out: its loop is blocked, or it dies. */
const COLLECT_MS = 1_000;
/** What a worker has counted since is lost when it is killed. */
const EVERY_MS = 10_000;
/** So many dead workers are added up into one. */
const MANY = 8;

type Figures = readonly Figure[];

/** In the primary: the metrics of all workers, those that are gone included. */
export class AllWorkers {
  readonly #readOwn: () => Figures;
  /** What each living one said last. */
  readonly #last = new Map<Worker, Figures>();
  /** What those had counted that are gone. */
  readonly #gone: Figures[] = [];
  /** What is done with the answer of a worker, by the number it was asked under. */
  readonly #asked = new Map<number, (figures: Figures) => void>();
  #number = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param readOwn - What the primary counts itself. */
  constructor(readOwn: () => Figures) {
    this.#readOwn = readOwn;
  }

  /** Hears a worker from now on until it is gone. */
  add(worker: Worker): void {
    worker.on("message", (message: WorkerMetricsMessage | undefined) => {
      if (message?.offloopMetrics === "figures") this.#take(worker, message.figures, message.number);
      if (message?.offloopMetrics === "ask") void this.#answer(worker, message.number);
    });
    // Not "exit": what it sent last may come after that. Nor "disconnect", which some deaths lack.
    worker.process.once("close", () => this.#bury(worker));
  }

  /** All of them, in the Prometheus text format. Workers that do not answer are there with what they had counted. */
  async text(): Promise<string> {
    const asked = [...this.#last.keys()].map(
      async (worker) => [worker, await this.#collect(worker)] as const,
    );
    const answers = new Map(await Promise.all(asked));
    // The newest, which another scrape may have asked for meanwhile: nothing falls, whichever is read first.
    const living = [...this.#last].map(([worker, last]) =>
      answers.get(worker) ? last : last.filter(isCounted),
    );
    const replied = [...answers.values()].filter((answer) => answer !== undefined).length;
    const { AggregatorRegistry } = await import("prom-client");
    const all = [...living, ...this.#gone, [...this.#readOwn(), repliedFigure(replied)]];
    return AggregatorRegistry.aggregate(all as object[]).metrics();
  }

  #take(worker: Worker, figures: Figures, number: number | undefined): void {
    this.#last.set(worker, figures);
    this.#timer ??= setInterval(() => {
      for (const one of this.#last.keys()) void this.#collect(one);
    }, EVERY_MS).unref();
    if (number === undefined) return;
    this.#asked.get(number)?.(figures);
    this.#asked.delete(number);
  }

  async #answer(worker: Worker, number: number): Promise<void> {
    send(worker, { offloopMetrics: "text", number, text: await this.text() });
  }

  /** Asks a worker; undefined when it does not answer. */
  async #collect(worker: Worker): Promise<Figures | undefined> {
    const number = ++this.#number;
    const { promise, resolve } = Promise.withResolvers<Figures | undefined>();
    this.#asked.set(number, resolve);
    const timer = setTimeout(() => resolve(undefined), COLLECT_MS);
    const giveUp = (): void => resolve(undefined);
    worker.process.once("close", giveUp);
    send(worker, { offloopMetrics: "collect", number });
    const figures = await promise;
    clearTimeout(timer);
    worker.process.off("close", giveUp);
    this.#asked.delete(number);
    return figures;
  }

  #bury(worker: Worker): void {
    const last = this.#last.get(worker);
    if (last === undefined) return;
    this.#last.delete(worker);
    this.#gone.push(last.filter(isCounted));
    if (this.#gone.length === MANY) void this.#addUp();
  }

  async #addUp(): Promise<void> {
    const { AggregatorRegistry } = await import("prom-client");
    const parts = this.#gone.slice();
    const sum = await AggregatorRegistry.aggregate(parts as object[]).getMetricsAsJSON();
    this.#gone.splice(0, parts.length, sum as unknown as Figures);
  }
}

/** Whether it only ever grows: what a worker that is gone leaves behind. */
function isCounted({ type }: Figure): boolean {
  return type === "counter" || type === "histogram";
}

function repliedFigure(value: number): Figure {
  return {
    name: "offloop_workers_replied",
    help: "Workers whose gauges are in this answer; the others have their last counters",
    type: "gauge",
    aggregator: "sum",
    values: [{ value, labels: {} }],
  };
}

/** To one that dies just now nothing can be sent, which is no error: it is asked no more. */
function send(worker: Worker, message: PrimaryMetricsMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
