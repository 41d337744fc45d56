import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import { hasPlugins, partOf } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { parseQuery } from "../operation/raw.ts";
import { addAccessLog } from "./access-log.ts";
import { addPart, addPlugins } from "./app-part.ts";
import { withDebugPage } from "./debug-page.ts";
import { answerClientError, createFailureHandler } from "./failures.ts";
import { addHealthRoutes } from "./health.ts";
import { addMetrics } from "./metrics.ts";
import { addFormParser } from "./multipart.ts";
import { createRequestIds } from "./request.ts";
import { addRequestSpans } from "./traced-requests.ts";
import { removeLeftFolders } from "./upload-folder.ts";

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
  app: App,
  settings: ResolvedSettings,
  log: Logger,
): Promise<FastifyInstance> {
  const { maxHeaderBytes, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = settings.connections;
  const { fastify: createFastify } = await import("fastify");
  const onFailure = createFailureHandler(log);
  // A request without a body then has no stream to end. A plugin may wait for the events of that stream.
  const optimizeEmptyRequests = !hasPlugins(app);
  const fastify: FastifyInstance = createFastify({
    bodyLimit: settings.maxBodyBytes,
    genReqId: createRequestIds(),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    routerOptions: { maxParamLength: maxHeaderBytes, querystringParser: parseQuery },
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      optimizeEmptyRequests,
      // Node looks for slow clients every 30 s, which would make a timeout of 15 s one of up to 45 s.
      connectionsCheckingInterval: Math.max(MIN_CHECK_MS, Math.min(headersTimeoutMs, requestTimeoutMs) / 4),
    },
    ...(settings.rootPath === "" ? {} : { rewriteUrl: withoutRoot(settings.rootPath) }),
    trustProxy: typeof settings.trustProxy === "boolean" ? settings.trustProxy : [...settings.trustProxy],
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
  if (optimizeEmptyRequests) endEmptyRequests(fastify);
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
  if (lanes.operations.some(({ readsForm }) => readsForm)) await removeLeftFolders();
  if (accessLog && log.isLevelEnabled("info")) addAccessLog(fastify, log);
  if (settings.metrics !== undefined) await addMetrics(fastify, settings.metrics, lanes);
  if (lanes.tracing !== undefined) addRequestSpans(fastify, lanes.tracing);
  const part = partOf(app);
  await addPlugins(fastify, part);
  if (settings.health !== undefined && settings.health.port === undefined)
    addHealthRoutes(fastify, settings.health, lanes);
  const { maxBodyBytes, inputs } = settings;
  const bodyLimits = { maxBodyBytes, maxLoopBodyBytes: inputs.maxLoopBodyBytes };
  const explain = debug ? withDebugPage : undefined;
  await addPart(fastify, part, { lanes, log, rootPath: settings.rootPath, explain, bodyLimits });
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

/** A proxy may forward its own path, or cut it off: the routes know only what comes after it. */
function withoutRoot(rootPath: string): (request: IncomingMessage) => string {
  return ({ url = "/" }) => {
    if (!url.startsWith(rootPath)) return url;
    const rest = url.slice(rootPath.length);
    if (rest.startsWith("/")) return rest;
    return rest === "" || rest.startsWith("?") ? `/${rest}` : url;
  };
}

/**
 * Ends the bodies that node:http spares their stream: one that says what type it has, but has no length, is waited for
 * all the same, and nothing would ever come.
 */
function endEmptyRequests(fastify: FastifyInstance): void {
  fastify.addHook("preParsing", (request, _reply, payload, done) => {
    // First what costs nothing: most requests are GET, of which nobody reads a body or asks for the type.
    const isWaitedFor =
      request.method !== "GET" && payload.readableEnded && "content-type" in request.headers;
    done(null, isWaitedFor ? Readable.from([]) : payload);
  });
}
