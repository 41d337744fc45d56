import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { App } from "../../app/app.ts";
import type { Operation } from "../../app/operation.ts";
import { hasJobs, servedTaskDeclarations } from "../../app/parts.ts";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import { messageId } from "../../app/sockets/socket-operation.ts";
import { describeError, loggable } from "../../errors/described-error.ts";
import type { Lanes } from "../../lanes/lanes.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Connections } from "../connections/connections.ts";
import type { OpenFiles } from "../connections/open-files.ts";
import { METRICS_TYPE } from "../health/probe-server.ts";
import type { ObserveRequest } from "../logs/access-log.ts";
import { outcomeOf, streamOf, whenOver } from "../response-end.ts";
import { ACCEPTED } from "../sockets/handshake.ts";

/** What the metrics of a process are read from. */
export interface MeasuredApp {
  readonly app: App;
  readonly settings: ResolvedSettings;
  readonly lanes: Lanes;
  readonly openFiles: OpenFiles;
  readonly log: Logger;
  /** Whether it answers requests; where it does not, none of its operations is counted. */
  readonly answers: boolean;
}

/** Opens the metrics if the settings ask for them; otherwise loads nothing, since prom-client costs start-up time. */
export async function openMetricsOf({
  app,
  settings: { metrics, threads },
  lanes,
  openFiles,
  log,
  answers,
}: MeasuredApp): Promise<Metrics | undefined> {
  if (metrics === undefined) return undefined;
  const { openMetrics } = await import("../../metrics/metrics.ts");
  const sockets = answers ? lanes.sockets : [];
  const tasks = servedTaskDeclarations(app);
  /** What no thread runs here. */
  const elsewhere = new Set([
    ...declaredOperations(lanes).flatMap(({ id, lane }) => (lane === "loop" || !answers ? id : [])),
    ...tasks.flatMap(({ name, lane }) => (lane === "loop" ? `task ${name}` : [])),
  ]);
  return openMetrics({
    path: metrics.path,
    declared: {
      operations: answers ? declaredOperations(lanes) : [],
      tasks,
    },
    readState: () => ({
      pool: lanes.pool?.size,
      threadCalls: new Map([...(lanes.pool?.running ?? [])].filter(([id]) => !elsewhere.has(id))),
      sockets: new Map(
        sockets.map(({ declaration, running }) => [declaration.connection.id, running] as const),
      ),
      unfinishedTasks: lanes.background.unfinished().reduce((count, { tasks }) => count + tasks.length, 0),
      oldestWaitMs: lanes.pool?.oldestWaitMs ?? { request: 0, background: 0 },
      bounds: threads,
      openFiles,
    }),
    // Where the jobs are not open, this rejects.
    jobs: hasJobs(app) ? { counts: async () => app.jobs.counts() } : undefined,
    own: metrics.registry,
    onFailure: (thrown) => {
      const error = describeError(thrown);
      log.error({ err: loggable(error) }, `metrics.registry could not be read: ${error.message}`);
    },
  });
}

function declaredOperations({ operations, sockets }: Lanes): Operation[] {
  return [
    ...operations.map(({ declaration }) => declaration),
    ...sockets.flatMap(({ declaration: { connection, message } }) => [
      connection,
      message ?? { ...connection, id: messageId(connection.id), isMessage: true },
    ]),
  ];
}

/** Adds the metrics to the app's own port. Returns what counts requests. */
export function addMetrics(
  fastify: FastifyInstance,
  metrics: Metrics,
  connections: Pick<Connections, "onUnread">,
): ObserveRequest {
  connections.onUnread(({ status }) => metrics.requests.unread(status));
  fastify.route({
    method: ["GET", "HEAD"],
    url: metrics.path,
    handler: async (_request, reply) => {
      reply.type(METRICS_TYPE);
      return metrics.text();
    },
  });
  return countRequests(metrics);
}

function countRequests({ requests }: Metrics): ObserveRequest {
  return (request, { raw }) => {
    const { method, is404, protocol: scheme, routeOptions } = request;
    const { config } = routeOptions; // none where the URL cannot be decoded
    const isUnknown = is404 || config === undefined || config.isClosedOff === true;
    const start = performance.now();
    requests.begin(method);
    let isOver = false;
    const onEnd = (): void => {
      if (isOver) return;
      isOver = true;
      const end = performance.now();
      const status = raw.headersSent || raw.statusCode === 101 ? raw.statusCode : undefined;
      const route = isUnknown ? undefined : routeOptions.url;
      const operation = isUnknown ? undefined : config.operation?.id;
      const stream = streamOf(raw);
      requests.end({
        method,
        scheme,
        route,
        operation,
        status,
        durationMs: (stream?.startedAt ?? end) - start,
        streamedMs: stream && end - stream.startedAt,
        outcome: outcomeOf(raw),
      });
    };
    raw.once(ACCEPTED, onEnd);
    whenOver(raw, onEnd);
  };
}
