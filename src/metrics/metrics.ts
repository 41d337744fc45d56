import { Registry } from "prom-client";
import type { MetricsRegistry } from "../app/settings/operator-settings.ts";
import type { Jobs } from "../app/tasks/jobs.ts";
import { createJobMetrics } from "./job-metrics.ts";
import { processMetrics } from "./process-metrics.ts";
import { createErrorMetrics, createRequestMetrics, type RequestMetrics } from "./request-metrics.ts";
import { createRunMetrics, type DeclaredWork } from "./run-metrics.ts";
import { createStateMetrics, type ServerState } from "./state-metrics.ts";
import { type FiguresSource, joinWorkers } from "./worker-metrics.ts";

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
  /** The app's own metrics, if it has some. */
  readonly own: MetricsRegistry | undefined;
  /** Called when those cannot be read: a collector of the app's has thrown. */
  onFailure(thrown: unknown): void;
}

/** Opens the metrics of an app. They listen to the channels from now on. */
export function openMetrics({ path, declared, readState, jobs, own, onFailure }: Measured): Metrics {
  const registry = new Registry();
  const countError = createErrorMetrics(registry, declared.operations);
  const requests = createRequestMetrics(registry, countError);
  const runs = createRunMetrics(registry, declared, countError);
  createStateMetrics(registry, readState, () => runs.followUps);
  if (jobs !== undefined) createJobMetrics(registry, jobs);
  const offloops = [registry, processMetrics()];
  const all: Source[] = own === undefined ? offloops : [...offloops, besides(offloops, own, onFailure)];
  const workers = joinWorkers(all);
  return {
    path,
    requests,
    text: () => workers?.text() ?? textOf(all),
    close: async () => {
      runs.close();
      await workers?.leave();
    },
  };
}

/** Metrics as text, and as what crosses between processes. */
interface Source extends FiguresSource {
  metrics(): Promise<string>;
}

/**
 * An app's own metrics, without those whose names are taken: a scraper refuses an answer that has one twice. The others
 * are answered without them where they cannot be read.
 */
function besides(
  others: readonly Registry[],
  own: MetricsRegistry,
  onFailure: Measured["onFailure"],
): Source {
  const taken = new Set(others.flatMap((one) => one.getMetricsAsArray()).map(({ name }) => name));
  const isOwn = ({ name }: { readonly name: string }): boolean => !taken.has(name);
  const read = async <Value>(reading: () => Promise<Value>, otherwise: Value): Promise<Value> => {
    try {
      return await reading();
    } catch (thrown) {
      onFailure(thrown);
      return otherwise;
    }
  };
  return {
    metrics: () =>
      read(async () => {
        const metrics = own.getMetricsAsArray().filter(isOwn);
        const texts = await Promise.all(metrics.map(({ name }) => own.getSingleMetricAsString(name)));
        return texts.map((text) => `${text}\n`).join("\n");
      }, ""),
    getMetricsAsJSON: () => read(async () => (await own.getMetricsAsJSON()).filter(isOwn), []),
  };
}

async function textOf(sources: readonly Source[]): Promise<string> {
  const texts = await Promise.all(sources.map((source) => source.metrics()));
  return texts.filter((text) => text !== "").join("\n");
}
