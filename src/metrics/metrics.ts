import { Registry } from "prom-client";
import { createRequestMetrics, createRunMetrics, type RequestMetrics } from "./run-metrics.ts";
import { createStateMetrics, processMetrics, type ServerState } from "./state-metrics.ts";
import { askAllWorkers, shareWithPrimary } from "./worker-metrics.ts";

/** The metrics of a server. */
export interface Metrics {
  readonly requests: RequestMetrics;
  /** Media type of {@link text}. */
  readonly mediaType: string;
  /** All of them, in the Prometheus text format; of all workers where there are several. */
  text(): Promise<string>;
  close(): void;
}

/** Opens the metrics of a server. They listen to the channels from now on. */
export function openMetrics(readState: () => ServerState): Metrics {
  const registry = new Registry();
  const requests = createRequestMetrics(registry);
  const runs = createRunMetrics(registry);
  createStateMetrics(registry, readState, () => runs.followUps);
  const all = [registry, processMetrics()];
  const isShared = shareWithPrimary(all);
  return {
    requests,
    mediaType: registry.contentType,
    text: () => (isShared ? askAllWorkers() : Registry.merge(all).metrics()),
    close: () => {
      runs.close();
      registry.clear();
    },
  };
}
