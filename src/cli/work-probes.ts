import type { Logger } from "pino";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import { type HealthServer, openHealthServer } from "../http/health/health.ts";
import { type HealthStatus, healthStatus } from "../http/health/health-state.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** What the probes of a process that works on jobs are answered from. */
export interface ProbedWork {
  readonly settings: ResolvedSettings;
  readonly log: Logger;
  /** Undefined while it does not work on jobs yet. */
  readLanes(): Lanes | undefined;
  /** Undefined while they are not open yet. */
  readMetrics(): Metrics | undefined;
}

/**
 * Answers the probes and the metrics of a process that serves nothing else, on `health.port` if the settings name one.
 *
 * @param opened - Collects what to close.
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
export async function openWorkProbes(
  { settings, log, readLanes, readMetrics }: ProbedWork,
  opened: Pick<AsyncDisposableStack, "defer">,
): Promise<HealthServer | undefined> {
  const { health } = settings;
  if (health?.port === undefined) return undefined;
  const readStatus = (): HealthStatus => {
    const lanes = readLanes();
    return lanes === undefined ? "starting" : healthStatus(lanes, undefined);
  };
  const metricsPath = settings.metrics?.path;
  const host = "127.0.0.1";
  const server = await openHealthServer({ health, host, readStatus, metricsPath, readMetrics, log });
  opened.defer(() => server.close());
  log.info(`health at ${server.url}`);
  return server;
}
