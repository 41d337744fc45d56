import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { HealthAnswer } from "./health-state.ts";

/** The paths of the probes. */
export interface ProbePaths {
  readonly livez: string;
  readonly readyz: string;
}

/** Makes the server that answers probes on a port of their own. */
export function createProbeServer(
  { livez, readyz }: ProbePaths,
  answer: (probe: "livez" | "readyz") => HealthAnswer,
): Server {
  return createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const probe = path === livez ? "livez" : path === readyz ? "readyz" : undefined;
    const { status, body } =
      probe === undefined ? { status: 404, body: { detail: "Not Found" } } : answer(probe);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
}

/** Where it listens. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
