import { once } from "node:events";
import type { ResolvedSettings } from "../app/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { type HealthAnswer, healthAnswer } from "../http/health-state.ts";
import { createProbeServer, urlOf } from "../http/probe-server.ts";
import type { Workers } from "./workers.ts";

/**
 * Answers the probes of all workers on a port of their own, in the primary: ready while one of them is. The primary
 * replaces workers that hang, so that there is nothing a restart from outside would mend while it lives.
 *
 * @returns Where it listens.
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
export async function openPrimaryHealth(
  { livez, readyz, port = 0, host }: NonNullable<ResolvedSettings["health"]>,
  appHost: string,
  workers: Workers,
): Promise<string> {
  const server = createProbeServer({ livez, readyz }, (probe) =>
    probe === "livez" ? healthAnswer(probe, "ready", 0) : readiness(workers),
  );
  const address = host ?? appHost;
  server.listen(port, address);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new OffloopError(
      "OFFLOOP_PORT_UNAVAILABLE",
      `Cannot listen on ${address}:${port} for health probes: ${(cause as Error).message}`,
      { fix: "give health.port another port", cause },
    );
  }
  server.unref();
  return urlOf(server);
}

/** That of the best of them: requests go to any that listens. */
function readiness({ ready, isClosing }: Workers): HealthAnswer {
  if (isClosing) return healthAnswer("readyz", "closing", 0);
  const answers = ready.map(({ health, silentMs }) => healthAnswer("readyz", health, silentMs));
  return (
    answers.find(({ status }) => status === 200) ??
    answers[0] ?? { status: 503, body: { status: "starting" } }
  );
}
