import type { Worker } from "node:cluster";
import type { Figure, FigureValue, PrimaryMetricsMessage, WorkerMetricsMessage } from "./worker-metrics.ts";

/** A worker that has not answered by then is left out: its loop is blocked, or it is dying. */
const COLLECT_MS = 1_000;
/** What a worker has counted since its last report is lost when it is killed. */
const EVERY_MS = 10_000;
/** This many dead workers are added up into one. */
const MANY = 8;

type Figures = readonly Figure[];

/** In the primary: the metrics of all workers, including those that have gone. */
export class AllWorkers {
  readonly #readOwn: () => Figures;
  /** The last figures from each living worker. */
  readonly #last = new Map<Worker, Figures>();
  /** The counts of workers that have gone. */
  readonly #gone: Figures[] = [];
  readonly #highest = new HighestCounts();
  /** Handles a worker's answer, keyed by the number of the request. */
  readonly #asked = new Map<number, (figures: Figures) => void>();
  #number = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param readOwn - Returns what the primary itself has counted. */
  constructor(readOwn: () => Figures) {
    this.#readOwn = readOwn;
  }

  /** Listens to a worker from now on until it has gone. */
  add(worker: Worker): void {
    worker.on("message", (message: WorkerMetricsMessage | undefined) => {
      if (message?.offloopMetrics === "figures") this.#take(worker, message.figures, message.number);
      if (message?.offloopMetrics === "ask") void this.#answer(worker, message.number);
    });
    // Not "exit": its last messages may come after that. Nor "disconnect", which some deaths do not emit.
    worker.process.once("close", () => this.#bury(worker));
  }

  /** All metrics, in the Prometheus text format. Workers that do not answer are included with their last counts. */
  async text(): Promise<string> {
    const { AggregatorRegistry } = await import("prom-client");
    const asked = [...this.#last.keys()].map(
      async (worker) => [worker, await this.#collect(worker)] as const,
    );
    const answers = new Map(await Promise.all(asked));
    // The newest figures, which another scrape may have fetched meanwhile: no counter goes down, whichever is read first.
    const living = [...this.#last].map(([worker, last]) =>
      answers.get(worker) ? last : last.filter(isCounted),
    );
    const replied = [...answers.values()].filter((answer) => answer !== undefined).length;
    const all = [...living, ...this.#gone, [...this.#readOwn(), repliedFigure(replied)]];
    const sums = await AggregatorRegistry.aggregate(all).getMetricsAsJSON();
    const held = this.#highest.hold(sums as unknown as Figures);
    return AggregatorRegistry.aggregate([held]).metrics();
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

  /** Asks a worker for its figures; undefined when it does not answer. */
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
    const sum = await AggregatorRegistry.aggregate(parts).getMetricsAsJSON();
    this.#gone.splice(0, parts.length, sum as unknown as Figures);
  }
}

/**
 * Keeps counts from falling, which Prometheus would take for a restart. The sum of the same fractions depends on their
 * order, and a worker that goes changes the order.
 */
export class HighestCounts {
  /** By metric and labels. */
  readonly #values = new Map<string, number>();

  /** Returns the figures, each count at least as high as any time before. */
  hold(figures: Figures): Figures {
    return figures.map((figure) =>
      isCounted(figure)
        ? { ...figure, values: figure.values.map((one) => this.#holdOne(figure.name, one)) }
        : figure,
    );
  }

  #holdOne(name: string, counted: FigureValue): FigureValue {
    const labels = Object.entries(counted.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([counted.metricName ?? name, labels]);
    const value = Math.max(counted.value, this.#values.get(key) ?? 0);
    this.#values.set(key, value);
    return { ...counted, value };
  }
}

/** Whether it only ever grows: this is what a worker leaves behind. */
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

/** Sending to a worker that is just dying fails. That is not an error: it is not asked again. */
function send(worker: Worker, message: PrimaryMetricsMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
