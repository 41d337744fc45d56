import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { sharedNow } from "../threads/crossing/board.ts";
import { type HealthStatus, healthAnswer, healthStatuses } from "./health-state.ts";

/** What the health thread is started with. */
export interface HealthData {
  readonly livez: string;
  readonly readyz: string;
  readonly port: number;
  readonly host: string;
  /** When the loop turned last, in milliseconds of the shared clock. */
  readonly beatAt: Float64Array<SharedArrayBuffer>;
  /** Index of the status the loop gave last. */
  readonly status: Int32Array<SharedArrayBuffer>;
}

/** The thread's only message: where it listens, or why not. */
export type HealthHello = { readonly url: string } | { readonly failed: string };

const { livez, readyz, port, host, beatAt, status } = workerData as HealthData;

const server = createServer((request, response) => {
  const path = request.url?.split("?")[0];
  const probe = path === livez ? "livez" : path === readyz ? "readyz" : undefined;
  const last = healthStatuses[Atomics.load(status, 0)] as HealthStatus;
  const answer =
    probe === undefined
      ? { status: 404, body: { detail: "Not Found" } }
      : healthAnswer(probe, last, sharedNow() - (beatAt[0] ?? 0));
  response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
});
server.on("error", (error) => parentPort?.postMessage({ failed: error.message } satisfies HealthHello));
server.listen(port, host, () => {
  const address = server.address() as AddressInfo;
  const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
  parentPort?.postMessage({ url: `http://${shown}:${address.port}` } satisfies HealthHello);
});
