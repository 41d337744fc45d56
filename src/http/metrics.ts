import type { FastifyInstance } from "fastify";
import type { ResolvedMetrics } from "../app/metrics-settings.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Lanes } from "./lanes.ts";

/** Adds the metrics, and the hooks that count requests. Loaded when they are asked for: prom-client costs start-up. */
export async function addMetrics(
  fastify: FastifyInstance,
  { path }: ResolvedMetrics,
  lanes: Lanes,
): Promise<void> {
  const { openMetrics } = await import("../metrics/metrics.ts");
  const metrics = openMetrics(() => ({
    pool: lanes.pool?.size,
    unfinishedTasks: lanes.background.unfinished().reduce((count, { tasks }) => count + tasks.length, 0),
  }));
  countRequests(fastify, metrics);
  fastify.get(path, async (_request, reply) => {
    reply.type(metrics.mediaType);
    return metrics.text();
  });
  fastify.addHook("onClose", async () => metrics.close());
}

function countRequests(fastify: FastifyInstance, { requests }: Metrics): void {
  fastify.addHook("onRequest", (request, _reply, done) => {
    requests.begin(request.method);
    done();
  });
  fastify.addHook("onResponse", (request, reply, done) => {
    const route = request.is404 ? undefined : request.routeOptions.url;
    requests.end({
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    });
    done();
  });
}
