import { Registry } from "prom-client";
import type { Jobs } from "../app/tasks/jobs.ts";
import { createErrorMetrics } from "./error-metrics.ts";
import { createJobMetrics } from "./job-metrics.ts";
import { processMetrics } from "./process-metrics.ts";
import { createRequestMetrics, type RequestMetrics } from "./request-metrics.ts";
import { createRunMetrics, type DeclaredWork } from "./run-metrics.ts";
import { createStateMetrics, type ServerState } from "./state-metrics.ts";
import { joinWorkers } from "./worker-metrics.ts";

/** The metrics of an app in this process. */
export interface Metrics {
  /** Where they are answered. */
  readonly path: string;
  readonly requests: RequestMetrics;
  /** All metrics, in the Prometheus text format; those of all workers where there are several. */
  text(): Promise<string>;
  /** Stops counting. What was counted until then stays in the metrics of all workers. */
  close(): Promise<void>;
}

/** What is measured. */
export interface Measured {
  readonly path: string;
  readonly declared: DeclaredWork;
  readState(): ServerState;
  /** Undefined when no task is durable. */
  readonly jobs: Pick<Jobs, "counts"> | undefined;
}

/** Opens the metrics of an app. They listen to the channels from now on. */
export function openMetrics({ path, declared, readState, jobs }: Measured): Metrics {
  const registry = new Registry();
  const countError = createErrorMetrics(registry, declared.operations);
  const requests = createRequestMetrics(registry, countError);
  const runs = createRunMetrics(registry, declared, countError);
  createStateMetrics(registry, readState, () => runs.followUps);
  if (jobs !== undefined) createJobMetrics(registry, jobs);
  const all = [registry, processMetrics()];
  const workers = joinWorkers(all);
  return {
    path,
    requests,
    text: () => workers?.text() ?? Registry.merge(all).metrics(),
    close: async () => {
      runs.close();
      await workers?.leave();
    },
  };
}
