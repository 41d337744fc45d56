import { once } from "node:events";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import { portUnavailable } from "../http/health/health.ts";
import { type HealthAnswer, healthAnswer } from "../http/health/health-state.ts";
import { createProbeServer, urlOf } from "../http/health/probe-server.ts";
import type { Workers } from "./workers.ts";

/** Settings that ask for probes. */
export type WantedHealth = Pick<ResolvedSettings, "metrics"> & {
  readonly health: NonNullable<ResolvedSettings["health"]>;
};

/**
 * Answers the probes and the metrics of all workers on a port of their own, in the primary, which no worker can take
 * down. Ready while any worker is. The primary replaces workers that hang: while it lives, restarting it from outside
 * would not help.
 *
 * @returns Where it listens.
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
export async function openPrimaryHealth(
  { health, metrics }: WantedHealth,
  appHost: string,
  workers: Workers,
): Promise<string> {
  const { livez, readyz, port = 0, host = appHost } = health;
  const answer = (probe: string): HealthAnswer =>
    probe === "livez" ? healthAnswer("livez", "ready", 0) : readiness(workers);
  const server = createProbeServer(
    { livez, readyz },
    answer,
    metrics && { path: metrics.path, text: () => workers.metrics.text() },
  );
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw portUnavailable({ host, port }, (error as Error).message);
  }
  server.unref();
  return urlOf(server);
}

/** The answer of the best worker: requests go to any that is listening. */
function readiness({ ready, isClosing }: Workers): HealthAnswer {
  if (isClosing) return healthAnswer("readyz", "closing", 0);
  const answers = ready.map(({ health, silentMs }) => healthAnswer("readyz", health, silentMs));
  return answers.find(({ status }) => status === 200) ?? answers[0] ?? healthAnswer("readyz", "starting", 0);
}
