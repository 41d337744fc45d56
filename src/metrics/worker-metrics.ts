import type { Worker } from "node:cluster";
import type { AggregatorRegistry } from "prom-client";

/** Set for workers whose primary answers for all of them. */
export const SHARED = "OFFLOOP_SHARED_METRICS";

/** What a worker asks its primary, and what that answers. */
export interface Exchange {
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
