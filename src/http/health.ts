import { once } from "node:events";
import type { FastifyInstance } from "fastify";
import type { ResolvedSettings } from "../app/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { startThread } from "../errors/start-thread.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { sharedNow } from "../threads/crossing/board.ts";
import { healthAnswer, healthStatus, healthStatuses } from "./health-state.ts";
import type { HealthData, HealthHello } from "./health-thread.ts";

const BEAT_MS = 100;

/** Health probes on a port of their own. */
export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Adds the probes to the app's own port. */
export function addHealthRoutes(
  fastify: FastifyInstance,
  { livez, readyz }: NonNullable<ResolvedSettings["health"]>,
  lanes: Lanes,
): void {
  for (const [probe, path] of [
    ["livez", livez],
    ["readyz", readyz],
  ] as const) {
    fastify.get(path, { config: { isForOperators: true } }, (_request, reply) => {
      const { status, body } = healthAnswer(probe, healthStatus(lanes), 0);
      reply.code(status).send(body);
    });
  }
}

/**
 * Serves the probes from a thread of their own, which still answers while the loop is blocked, and reports it.
 *
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`, `OFFLOOP_THREAD_START`.
 */
export async function openHealthServer(
  health: NonNullable<ResolvedSettings["health"]>,
  host: string,
  lanes: Lanes,
): Promise<HealthServer> {
  const beatAt = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  const status = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const beat = (): void => {
    beatAt[0] = sharedNow();
    Atomics.store(status, 0, healthStatuses.indexOf(healthStatus(lanes)));
  };
  beat();
  const { livez, readyz, port = 0 } = health;
  const workerData: HealthData = { livez, readyz, port, host: health.host ?? host, beatAt, status };
  const entry = new URL(`./health-thread${import.meta.url.slice(-3)}`, import.meta.url);
  const worker = startThread("the thread of health probes", entry, { workerData, name: "offloop health" });
  worker.unref();
  const timer = setInterval(beat, BEAT_MS).unref();
  const [hello] = (await once(worker, "message")) as [HealthHello];
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await worker.terminate();
  };
  if ("url" in hello) return { url: hello.url, close };
  await close();
  throw new OffloopError(
    "OFFLOOP_PORT_UNAVAILABLE",
    `Cannot listen on ${workerData.host}:${port} for health probes: ${hello.failed}`,
    {
      fix: "set health.port to another port",
    },
  );
}
