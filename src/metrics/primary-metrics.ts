import cluster from "node:cluster";
import { AggregatorRegistry, type Registry } from "prom-client";
import { type Exchange, SHARED } from "./worker-metrics.ts";

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
