import { parentPort, workerData } from "node:worker_threads";
import { sharedNow } from "../threads/crossing/board.ts";
import { type HealthStatus, healthAnswer, healthStatuses } from "./health-state.ts";
import { createProbeServer, urlOf } from "./probe-server.ts";

/** Data the health thread is started with. */
export interface HealthData {
  readonly livez: string;
  readonly readyz: string;
  readonly port: number;
  readonly host: string;
  /** When the loop last turned, in milliseconds of the shared clock. */
  readonly beatAt: Float64Array<SharedArrayBuffer>;
  /** Index of the status the loop last reported. */
  readonly status: Int32Array<SharedArrayBuffer>;
}

/** The thread's only message: where it listens, or why it cannot. */
export type HealthHello = { readonly url: string } | { readonly failed: string };

const { livez, readyz, port, host, beatAt, status } = workerData as HealthData;

const server = createProbeServer({ livez, readyz }, (probe) => {
  const last = healthStatuses[Atomics.load(status, 0)] as HealthStatus;
  return healthAnswer(probe, last, sharedNow() - (beatAt[0] ?? 0));
});
server.on("error", (error) => parentPort?.postMessage({ failed: error.message } satisfies HealthHello));
server.listen(port, host, () => parentPort?.postMessage({ url: urlOf(server) } satisfies HealthHello));
