import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { openHealthServer } from "../http/health.ts";
import { type HealthStatus, healthStatus } from "../http/health-state.ts";
import { openMetricsOf } from "../http/metrics.ts";
import type { Lanes } from "../lanes/lanes.ts";

/** What the probes of a process that works on jobs are answered from. */
export interface ProbedWork {
  readonly settings: ResolvedSettings;
  readonly lanes: Lanes;
  readonly log: Logger;
  /** Whether it works on jobs yet. */
  isOpen(): boolean;
}

/**
 * Answers the probes and the metrics of a process that serves nothing else, on `health.port` if the settings name one.
 *
 * @param opened - Collects what to close.
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
export async function openWorkProbes(
  app: App,
  { settings, lanes, log, isOpen }: ProbedWork,
  opened: Pick<AsyncDisposableStack, "defer">,
): Promise<void> {
  const { health } = settings;
  if (health?.port === undefined) return;
  const metrics = await openMetricsOf({ app, settings, lanes, answers: false });
  opened.defer(() => metrics?.close());
  const readStatus = (): HealthStatus => (isOpen() ? healthStatus(lanes, undefined) : "starting");
  const server = await openHealthServer({ health, host: "127.0.0.1", readStatus, metrics, log });
  opened.defer(() => server.close());
  log.info(`health at ${server.url}`);
}
