import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { ownEntry } from "../../errors/own-code.ts";
import { startThread } from "../../errors/start-thread.ts";
import { sharedNow } from "../../threads/crossing/board.ts";
import { type HealthStatus, healthAnswer, healthStatuses } from "./health-state.ts";
import type { HealthData, HealthHello, MetricsAnswer } from "./health-thread.ts";
import type { ProbedMetrics } from "./probe-server.ts";

const BEAT_MS = 100;

/** Health probes on a port of their own. */
export interface HealthServer {
  readonly url: string;
  /** Reads the status now, not only with the next beat. */
  update(): void;
  close(): Promise<void>;
}

/** Adds the probes to the app's own port. */
export function addHealthRoutes(
  fastify: FastifyInstance,
  { livez, readyz }: NonNullable<ResolvedSettings["health"]>,
  readStatus: () => HealthStatus,
): void {
  for (const [probe, path] of [
    ["livez", livez],
    ["readyz", readyz],
  ] as const) {
    fastify.route({
      method: ["GET", "HEAD"],
      url: path,
      config: { isForOperators: true },
      handler: (_request, reply) => {
        const { status, body } = healthAnswer(probe, readStatus(), 0);
        reply.code(status).send(body);
      },
    });
  }
}

/** What the probes ask about. */
export interface Probed {
  readonly health: NonNullable<ResolvedSettings["health"]>;
  /** Address to listen on, unless the settings name one. */
  readonly host: string;
  readStatus(): HealthStatus;
  /** Where metrics are answered; undefined when there are none. */
  readonly metricsPath: string | undefined;
  /** Undefined while they are not open yet. */
  readMetrics(): Pick<ProbedMetrics, "text"> | undefined;
  readonly log: Logger;
}

/**
 * Serves the probes from a thread of their own, which still answers while the loop is blocked, and reports it. It is
 * opened before anything of the app, so that a start that takes long can be told from one that has failed. The
 * metrics are answered there too, but by the loop: while it is blocked they wait.
 *
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`, `OFFLOOP_THREAD_START`.
 */
export async function openHealthServer({
  health,
  host,
  readStatus,
  metricsPath,
  readMetrics,
  log,
}: Probed): Promise<HealthServer> {
  const beatAt = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  const status = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const beat = (): void => {
    beatAt[0] = sharedNow();
    Atomics.store(status, 0, healthStatuses.indexOf(readStatus()));
  };
  beat();
  const { livez, readyz, port = 0 } = health;
  const workerData: HealthData = {
    livez,
    readyz,
    port,
    host: health.host ?? host,
    metricsPath,
    beatAt,
    status,
  };
  const entry = ownEntry("http/health/health-thread");
  const worker = startThread("the thread of health probes", entry, { workerData, name: "offloop health" });
  worker.unref();
  worker.on("error", (error) => log.error({ err: error }, `nothing answers health probes: ${error.message}`));
  const timer = setInterval(beat, BEAT_MS).unref();
  const [hello] = (await once(worker, "message")) as [HealthHello];
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await worker.terminate();
  };
  if ("failed" in hello) {
    await close();
    throw portUnavailable(workerData, hello.failed);
  }
  worker.on("message", () => void answerMetrics(worker, readMetrics()));
  return { url: hello.url, update: beat, close };
}

async function answerMetrics(worker: Worker, metrics: ReturnType<Probed["readMetrics"]>): Promise<void> {
  let answer: MetricsAnswer;
  try {
    answer = metrics === undefined ? { failed: "starting" } : { text: await metrics.text() };
  } catch (error) {
    answer = { failed: (error as Error).message };
  }
  worker.postMessage(answer);
}

/** The error for a port of probes that another process has, or that this one may not have. */
export function portUnavailable(
  { host, port }: { readonly host: string; readonly port: number },
  why: string,
): OffloopError {
  return new OffloopError(
    "OFFLOOP_PORT_UNAVAILABLE",
    `Cannot listen on ${host}:${port} for health probes: ${why}`,
    { fix: "set health.port to a port that no other process of this machine has" },
  );
}
