import { parentPort, workerData } from "node:worker_threads";
import { sharedNow } from "../../threads/crossing/board.ts";
import { type HealthStatus, healthAnswer, healthStatuses } from "./health-state.ts";
import { createProbeServer, urlOf } from "./probe-server.ts";

/** Data the health thread is started with. */
export interface HealthData {
  readonly livez: string;
  readonly readyz: string;
  readonly port: number;
  readonly host: string;
  /** Undefined when there are no metrics. */
  readonly metricsPath: string | undefined;
  /** When the loop last turned, in milliseconds of the shared clock. */
  readonly beatAt: Float64Array<SharedArrayBuffer>;
  /** Index of the status the loop last reported. */
  readonly status: Int32Array<SharedArrayBuffer>;
}

/** The thread's first message: where it listens, or why it cannot. Each later one asks the loop for the metrics. */
export type HealthHello = { readonly url: string } | { readonly failed: string };

/** What the loop answers: the metrics, or why there are none. */
export type MetricsAnswer = { readonly text: string } | { readonly failed: string };

const { livez, readyz, port, host, metricsPath, beatAt, status } = workerData as HealthData;

let asked: Promise<string> | undefined;

/** One text answers all who ask while the loop is blocked. */
function readMetrics(): Promise<string> {
  asked ??= askLoop().finally(() => {
    asked = undefined;
  });
  return asked;
}

async function askLoop(): Promise<string> {
  const answer = await new Promise<MetricsAnswer>((resolve) => {
    parentPort?.once("message", resolve);
    parentPort?.postMessage("metrics");
  });
  if ("text" in answer) return answer.text;
  throw new Error(answer.failed);
}

const server = createProbeServer(
  { livez, readyz },
  (probe) => {
    const last = healthStatuses[Atomics.load(status, 0)] as HealthStatus;
    return healthAnswer(probe, last, sharedNow() - (beatAt[0] ?? 0));
  },
  metricsPath === undefined ? undefined : { path: metricsPath, text: readMetrics },
);
server.on("error", (error) => parentPort?.postMessage({ failed: error.message } satisfies HealthHello));
server.listen(port, host, () => parentPort?.postMessage({ url: urlOf(server) } satisfies HealthHello));
