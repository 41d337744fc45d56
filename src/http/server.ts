import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { siteOf } from "../openapi/site.ts";
import { parseQuery } from "../operation/query.ts";
import { addAccessLog } from "./access-log.ts";
import { withDebugPage } from "./debug-page.ts";
import { addDocs } from "./docs.ts";
import { answerClientError, createFailureHandler } from "./failures.ts";
import { addFormParser } from "./form-parser.ts";
import { addHealthRoutes } from "./health.ts";
import type { Lanes } from "./lanes.ts";
import { addMetrics } from "./metrics.ts";
import { createNotFound } from "./not-found.ts";
import { createRequestIds } from "./request-id.ts";
import { addRoutes } from "./routes.ts";
import { addRequestSpans } from "./traced-requests.ts";

const MIN_CHECK_MS = 20;

/** What only the server itself looks at. */
export interface ServerOptions {
  /** Whether each request is logged. */
  readonly accessLog: boolean;
  /** Whether browsers are shown the errors of operations, with their source. Never in production. */
  readonly debug?: boolean;
}

/** Makes the Fastify instance that is to answer for an app. Fastify is loaded here, so that threads never load it. */
export async function createServer(
  settings: ResolvedSettings,
  log: Logger,
  hasPlugins: boolean,
): Promise<FastifyInstance> {
  const { maxHeaderBytes, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = settings.connections;
  const { fastify: createFastify } = await import("fastify");
  const onFailure = createFailureHandler(log);
  const fastify: FastifyInstance = createFastify({
    bodyLimit: settings.maxBodyBytes,
    genReqId: createRequestIds(),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    routerOptions: { maxParamLength: maxHeaderBytes, querystringParser: parseQuery },
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      // A request without a body then has no stream to end. A plugin may wait for the events of that stream.
      optimizeEmptyRequests: !hasPlugins,
      // Node looks for slow clients every 30 s, which would make a timeout of 15 s one of up to 45 s.
      connectionsCheckingInterval: Math.max(MIN_CHECK_MS, Math.min(headersTimeoutMs, requestTimeoutMs) / 4),
    },
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: onFailure,
    forceCloseConnections: "idle",
  });
  // A socket knows its client's address after it has closed only if it was asked before.
  fastify.server.on("connection", (socket) => void socket.remoteAddress);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  addFormParser(fastify, settings.maxBodyBytes);
  fastify.setErrorHandler(onFailure);
  return fastify;
}

/**
 * Adds all that an app answers: its operations, plugins and pages, and what its settings ask for.
 *
 * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when the settings ask for something where an operation answers.
 */
export async function addAnswers(
  fastify: FastifyInstance,
  app: App,
  lanes: Lanes,
  settings: ResolvedSettings,
  log: Logger,
  { accessLog, debug = false }: ServerOptions,
): Promise<void> {
  checkPaths(lanes, settings);
  if (accessLog && log.isLevelEnabled("info")) addAccessLog(fastify, log);
  if (settings.metrics !== undefined) await addMetrics(fastify, settings.metrics, lanes);
  if (lanes.tracing !== undefined) addRequestSpans(fastify, lanes.tracing);
  for (const { plugin, options } of app.declaredPlugins())
    await fastify.register(plugin as FastifyPluginAsync, options ?? {});
  if (settings.health !== undefined && settings.health.port === undefined)
    addHealthRoutes(fastify, settings.health, lanes);
  addRoutes(fastify, lanes, log, debug ? withDebugPage : undefined);
  const operations = lanes.operations.map(({ declaration }) => declaration);
  const documents = addDocs(fastify, siteOf(app), operations);
  fastify.setNotFoundHandler(createNotFound([...operations, ...documents], lanes, log));
}

function checkPaths({ operations }: Lanes, { metrics, health }: ResolvedSettings): void {
  const probes = health?.port === undefined ? health : undefined;
  const wanted = {
    "metrics.path": metrics?.path,
    "health.livez": probes?.livez,
    "health.readyz": probes?.readyz,
  };
  for (const [setting, path] of Object.entries(wanted)) {
    const operation = operations.find(({ declaration }) => declaration.id === `GET ${path}`);
    if (operation === undefined) continue;
    throw new OffloopError(
      "OFFLOOP_ROUTE_DUPLICATE",
      `Cannot serve ${setting} at ${path}: an operation answers GET ${path}`,
      { at: operation.declaration.location, fix: `give ${setting} another path` },
    );
  }
}
