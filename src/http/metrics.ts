import { finished } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { App } from "../app/app.ts";
import { hasJobs, servedTaskDeclarations } from "../app/parts.ts";
import type { ResolvedMetrics, ResolvedSettings } from "../app/settings.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Connections } from "./connections.ts";
import { ACCEPTED } from "./sockets/handshake.ts";
import { streamOf } from "./streams.ts";

/** What a server's metrics are read from. */
export interface MeasuredServer {
  readonly app: App;
  readonly lanes: Lanes;
  readonly connections: Pick<Connections, "onUnread">;
  readonly threads: ResolvedSettings["threads"];
  /** Collects what to close when nothing runs any more. */
  readonly opened: Pick<AsyncDisposableStack, "defer">;
}

/** Adds the metrics and the hooks that count requests. Loaded only when asked for: prom-client costs start-up time. */
export async function addMetrics(
  fastify: FastifyInstance,
  { path }: ResolvedMetrics,
  { app, lanes, connections, threads, opened }: MeasuredServer,
): Promise<void> {
  const { openMetrics } = await import("../metrics/metrics.ts");
  const metrics = openMetrics({
    declared: {
      operations: [
        ...lanes.operations.map(({ declaration }) => declaration),
        ...lanes.sockets.flatMap(({ declaration: { connection, message } }) =>
          message === undefined ? [connection] : [connection, message],
        ),
      ],
      tasks: servedTaskDeclarations(app),
    },
    readState: () => ({
      pool: lanes.pool?.size,
      sockets: new Map(
        lanes.sockets.map(({ declaration, running }) => [declaration.connection.id, running] as const),
      ),
      unfinishedTasks: lanes.background.unfinished().reduce((count, { tasks }) => count + tasks.length, 0),
      oldestWaitMs: lanes.pool?.oldestWaitMs ?? { request: 0, background: 0 },
      bounds: threads,
    }),
    jobs: hasJobs(app) ? app.jobs : undefined,
  });
  opened.defer(() => metrics.close());
  countRequests(fastify, metrics);
  connections.onUnread(({ status }) => metrics.requests.unread(status));
  fastify.get(path, async (_request, reply) => {
    reply.type(metrics.mediaType);
    return metrics.text();
  });
}

/** These come before the plugins: a plugin may answer in a hook of its own, and a client may leave at any moment. */
function countRequests(fastify: FastifyInstance, { requests }: Metrics): void {
  fastify.addHook("onRequest", (request, { raw }, done) => {
    const { method, is404, protocol: scheme, routeOptions } = request;
    const isUnknown = is404 || routeOptions.config.isClosedOff === true;
    const start = performance.now();
    requests.begin(method);
    let isOver = false;
    const onEnd = (): void => {
      if (isOver) return;
      isOver = true;
      const end = performance.now();
      const status = raw.headersSent || raw.statusCode === 101 ? raw.statusCode : undefined;
      const route = isUnknown ? undefined : routeOptions.url;
      const operation = isUnknown ? undefined : routeOptions.config.operation?.id;
      const stream = streamOf(raw);
      requests.end({
        ...{ method, scheme, route, operation, status },
        durationMs: (stream?.startedAt ?? end) - start,
        stream: stream && { isBroken: stream.isBroken, lastedMs: end - stream.startedAt },
      });
    };
    raw.once(ACCEPTED, onEnd);
    finished(raw, onEnd);
    done();
  });
}
