import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { nodeHttp } from "../connections/node-http.ts";
import type { HealthAnswer } from "./health-state.ts";

/** Media type of metrics in the Prometheus text format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The paths of the probes. */
export interface ProbePaths {
  readonly livez: string;
  readonly readyz: string;
}

/** Metrics that are answered beside the probes. */
export interface ProbedMetrics {
  readonly path: string;
  text(): Promise<string>;
}

/** Makes the server that answers probes, and metrics if there are any, on a port of their own. */
export function createProbeServer(
  { livez, readyz }: ProbePaths,
  answer: (probe: "livez" | "readyz") => HealthAnswer,
  metrics: ProbedMetrics | undefined,
): Server {
  return nodeHttp.createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path === livez) return sendAnswer(response, answer("livez"));
    if (path === readyz) return sendAnswer(response, answer("readyz"));
    if (metrics !== undefined && path === metrics.path) return void sendMetrics(response, metrics);
    sendJson(response, 404, { detail: "Not Found" });
  });
}

function sendAnswer(response: ServerResponse, { status, body }: HealthAnswer): void {
  sendJson(response, status, body);
}

async function sendMetrics(response: ServerResponse, metrics: ProbedMetrics): Promise<void> {
  try {
    const text = await metrics.text();
    response.writeHead(200, { "content-type": METRICS_TYPE }).end(text);
  } catch (error) {
    sendJson(response, 503, { detail: (error as Error).message });
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The URL it listens at. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
