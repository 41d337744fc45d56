import cluster from "node:cluster";

/** Set for workers whose primary answers for all of them. */
export const SHARED = "OFFLOOP_SHARED_METRICS";

/** A metric in the form of prom-client, in which it also crosses between processes. */
export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** How to combine the values of several processes. */
  readonly aggregator?: string;
  readonly values: readonly FigureValue[];
}

/** One value of a metric. */
export interface FigureValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** The name of a histogram's part, such as its sum. */
  readonly metricName?: string;
}

/** Of each process, the primary included. */
export const openFilesMetrics = {
  ratio: {
    name: "offloop_open_files_ratio",
    help: "Open files and connections as a share of the limit of the process; over processes, of the fullest",
    aggregator: "max",
  },
  exhausted: {
    name: "offloop_open_files_exhausted_total",
    help: "How often no file or connection could be opened: looked for once a second, and with each connection for a worker",
    aggregator: "sum",
  },
} as const;

/** What a worker sends to its primary. */
export type WorkerMetricsMessage =
  /** Asks for the text of all workers. */
  | { readonly offloopMetrics: "ask"; readonly number: number }
  /** Its figures: the answer to the request with that number; without one, its first or its last figures. */
  | { readonly offloopMetrics: "figures"; readonly number?: number; readonly figures: readonly Figure[] };

/** What the primary sends to a worker. */
export type PrimaryMetricsMessage =
  /** Asks for its figures. */
  | { readonly offloopMetrics: "collect"; readonly number: number }
  /** The text of all workers. */
  | { readonly offloopMetrics: "text"; readonly number: number; readonly text: string };

/** A worker's part in the metrics of all workers. */
export interface SharedMetrics {
  /** The metrics of all workers. A scrape reaches only one of them. */
  text(): Promise<string>;
  /** Sends the last figures: what this worker has counted stays when it has gone. */
  leave(): Promise<void>;
}

/** What has figures: a registry, or a part of one. */
export interface FiguresSource {
  getMetricsAsJSON(): Promise<readonly object[]>;
}

/** Lets the primary collect this worker's metrics; undefined where no primary does. */
export function joinWorkers(registries: readonly FiguresSource[]): SharedMetrics | undefined {
  if (!cluster.isWorker || process.env[SHARED] === undefined) return undefined;
  let asked = 0;
  const waiting = new Map<number, (text: string) => void>();
  const sendFigures = async (number?: number): Promise<void> => {
    const figures = (await Promise.all(registries.map((one) => one.getMetricsAsJSON()))).flat();
    await send({
      offloopMetrics: "figures",
      ...(number !== undefined && { number }),
      figures: figures as unknown as Figure[],
    });
  };
  const onMessage = (message: PrimaryMetricsMessage | undefined): void => {
    if (message?.offloopMetrics === "collect") void sendFigures(message.number);
    if (message?.offloopMetrics !== "text") return;
    waiting.get(message.number)?.(message.text);
    waiting.delete(message.number);
  };
  process.on("message", onMessage);
  void sendFigures();
  return {
    text: () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      waiting.set(++asked, resolve);
      void send({ offloopMetrics: "ask", number: asked });
      return promise;
    },
    leave: async () => {
      process.off("message", onMessage);
      await sendFigures();
    },
  };
}

/** Resolves when the message has gone out. When the primary has gone, this process ends with it. */
function send(message: WorkerMetricsMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.send?.(message, undefined, undefined, () => resolve());
  });
}
