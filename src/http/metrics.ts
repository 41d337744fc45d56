import { finished } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Jobs } from "../app/jobs.ts";
import type { ResolvedMetrics } from "../app/settings.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { ACCEPTED } from "./sockets/handshake.ts";

/** Adds the metrics, and the hooks that count requests. Loaded when they are asked for: prom-client costs start-up. */
export async function addMetrics(
  fastify: FastifyInstance,
  { path }: ResolvedMetrics,
  lanes: Lanes,
  jobs: Jobs | undefined,
): Promise<void> {
  const { openMetrics } = await import("../metrics/metrics.ts");
  const metrics = openMetrics(
    () => ({
      pool: lanes.pool?.size,
      sockets: new Map(
        lanes.sockets.map(({ declaration, running }) => [declaration.connection.id, running] as const),
      ),
      unfinishedTasks: lanes.background.unfinished().reduce((count, { tasks }) => count + tasks.length, 0),
    }),
    jobs,
  );
  countRequests(fastify, metrics);
  fastify.get(path, async (_request, reply) => {
    reply.type(metrics.mediaType);
    return metrics.text();
  });
  fastify.addHook("onClose", async () => metrics.close());
}

/** Before the plugins: one may answer in a hook of its own, and a client may go at any moment. */
function countRequests(fastify: FastifyInstance, { requests }: Metrics): void {
  fastify.addHook("onRequest", (request, { raw }, done) => {
    const { method, is404, routeOptions } = request;
    const isUnknown = is404 || routeOptions.config.isClosedOff === true;
    const start = performance.now();
    requests.begin(method);
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      const status = raw.headersSent || raw.statusCode === 101 ? raw.statusCode : undefined;
      const route = isUnknown ? undefined : routeOptions.url;
      requests.end({ method, route, status, durationMs: performance.now() - start });
    };
    raw.once(ACCEPTED, end);
    finished(raw, end);
    done();
  });
}
