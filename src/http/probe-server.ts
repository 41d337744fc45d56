import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { HealthAnswer } from "./health-state.ts";

/** The paths of the probes. */
export interface ProbePaths {
  readonly livez: string;
  readonly readyz: string;
}

/**
 * Makes the server that answers probes on a port of their own.
 *
 * @param rest - Answers all other paths. Default 404.
 */
export function createProbeServer(
  { livez, readyz }: ProbePaths,
  answer: (probe: "livez" | "readyz") => HealthAnswer,
  rest: RequestListener = (_request, response) => sendJson(response, 404, { detail: "Not Found" }),
): Server {
  return createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const probe = path === livez ? "livez" : path === readyz ? "readyz" : undefined;
    if (probe === undefined) return rest(request, response);
    const { status, body } = answer(probe);
    sendJson(response, status, body);
  });
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The URL it listens at. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
