import type { Worker } from "node:cluster";
import cluster from "node:cluster";
import { AggregatorRegistry, type Registry } from "prom-client";

/** Set for workers whose primary answers for all of them. */
export const SHARED = "OFFLOOP_SHARED_METRICS";

/** What a worker asks its primary, and what that answers. */
interface Exchange {
  readonly offloopMetrics: number;
  readonly text?: string;
  readonly failed?: string;
}

/** Primary: answers what its worker asks. */
export function answerWorker(worker: Worker): void {
  worker.on("message", async (message: Exchange) => {
    const { offloopMetrics } = message ?? {};
    if (offloopMetrics === undefined) return;
    const answer = await collectAll().then(
      (text) => ({ text }),
      (error: unknown) => ({ failed: String(error) }),
    );
    if (worker.isConnected()) worker.send({ offloopMetrics, ...answer } satisfies Exchange);
  });
}

let all: AggregatorRegistry<"text/plain; version=0.0.4; charset=utf-8"> | undefined;

/** Loads prom-client for who asks: the command line loads this file whatever it is to do. */
async function collectAll(): Promise<string> {
  const { AggregatorRegistry } = await import("prom-client");
  all ??= new AggregatorRegistry();
  return all.clusterMetrics();
}

let asked = 0;

/** Lets the primary collect this worker's metrics. Gives whether there is a primary that does. */
export function shareWithPrimary(registries: Registry[]): boolean {
  if (!cluster.isWorker || process.env[SHARED] === undefined) return false;
  AggregatorRegistry.setRegistries(registries);
  new AggregatorRegistry(); // from now on it answers when the primary's asks
  return true;
}

/** Has the primary collect the metrics of all workers. A scrape reaches only one of them. */
export function askAllWorkers(): Promise<string> {
  const number = ++asked;
  return new Promise((resolve, reject) => {
    const onAnswer = (message: Exchange): void => {
      if (message?.offloopMetrics !== number) return;
      process.off("message", onAnswer);
      if (message.text === undefined) reject(new Error(message.failed));
      else resolve(message.text);
    };
    process.on("message", onAnswer);
    process.send?.({ offloopMetrics: number } satisfies Exchange);
  });
}
