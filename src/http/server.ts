import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import { hasPlugins, partOf } from "../app/parts.ts";
import { pathPatterns, withoutOrigin } from "../app/path.ts";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { setImmediate } from "../errors/timers.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { parseQuery } from "../operation/raw.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { AddedRoutes } from "./added-routes.ts";
import { addBefore, addPart, type PartServices, refusalsOf } from "./app-part.ts";
import { passBodies } from "./bodies/request-bodies.ts";
import { removeLeftFolders, warnOfUnwritableFolder } from "./bodies/upload-folder.ts";
import { Connections } from "./connections/connections.ts";
import type { OpenFiles } from "./connections/open-files.ts";
import type { Refusals } from "./connections/refusals.ts";
import { addHealthRoutes } from "./health/health.ts";
import { healthStatus } from "./health/health-state.ts";
import type { Tls } from "./lifecycle/tls.ts";
import { createAccessLog, logUnread, type ObserveRequest } from "./logs/access-log.ts";
import { LoggedUrls } from "./logs/logged-url.ts";
import { addMetrics } from "./pages/metrics.ts";
import { createRequestIds } from "./request.ts";
import { addWebSockets, isHandshake, upgradeConstraint } from "./sockets/handshake.ts";
import type { OpenSockets } from "./sockets/open-sockets.ts";
import { surroundRoutes } from "./surrounded-routes.ts";
import { addRequestSpans } from "./traced-requests.ts";
import { TrustedProxies } from "./trusted-proxies.ts";
import type { WayOut } from "./way-out.ts";

/** What an app is served with. */
export interface ServerParts {
  readonly settings: ResolvedSettings;
  readonly log: Logger;
  readonly lanes: Lanes;
  /** Undefined when no task is durable. */
  readonly jobs: { readonly isDown: boolean } | undefined;
  readonly wayOut: WayOut;
  readonly sockets: OpenSockets;
  /** Undefined when nothing collects spans. */
  readonly tracing: Tracing | undefined;
  /** Key and certificate for https; undefined for http. */
  readonly tls: Tls | undefined;
  /** Whether each request is logged. */
  readonly accessLog: boolean;
  readonly openFiles: OpenFiles;
  /** Undefined when nothing is counted. */
  readonly metrics: Metrics | undefined;
}

/** What answers for an app. */
export interface AppServer {
  readonly fastify: FastifyInstance;
  readonly connections: Connections;
}

/** Makes the Fastify instance that answers for an app. */
export async function createServer(app: App, parts: ServerParts): Promise<AppServer> {
  const { settings, lanes } = parts;
  const part = partOf(app);
  const services = servicesOf(app, parts);
  const refusals = refusalsOf(part, services);
  checkPaths(lanes, settings);
  const isOpen = services.hasPlugins;
  const hasSockets = lanes.sockets.length > 0;
  const connections = createConnections(parts, isOpen, hasSockets);
  const readsForms = lanes.operations.some(({ readsForm }) => readsForm);
  if (readsForms) {
    await removeLeftFolders();
    await warnOfUnwritableFolder(parts.log, lanes.operations);
  }
  const observers: ObserveRequest[] = [];
  const fastifyParts = { connections, refusals, observers, hasSockets, readsForms, isOpen };
  const fastify = await createFastify(settings, fastifyParts);
  try {
    addObservers(fastify, app, { ...parts, connections, observers });
    if (hasSockets) await addWebSockets(fastify, settings.websockets);
    surroundRoutes(fastify, part, services);
    await addBefore(fastify, part, refusals);
    if (settings.health !== undefined && settings.health.port === undefined)
      addHealthRoutes(fastify, settings.health, () => healthStatus(lanes, parts.jobs));
    await addPart(fastify, part, services, refusals);
    fastify.addHook("preClose", async () => {
      connections.endWhenAnswered();
      parts.wayOut.endStreams();
      parts.sockets.goAway();
    });
    return { fastify, connections };
  } catch (error) {
    // Closes what plugins have opened.
    await fastify.close().catch((failed: unknown) => {
      parts.log.error({ err: loggable(describeError(failed)) }, "a plugin failed to close");
    });
    throw error;
  }
}

/** What the app and those mounted in it answer with. */
function servicesOf(app: App, { settings, log, lanes, wayOut, sockets }: ServerParts): PartServices {
  const { rootPath, maxBodyBytes, inputs, session } = settings;
  return {
    lanes,
    log,
    rootPath,
    trustsProxy: settings.trustProxy !== false,
    hasPlugins: hasPlugins(app),
    bodyLimits: { maxBodyBytes, maxLoopBodyBytes: inputs.maxLoopBodyBytes },
    wayOut,
    sockets,
    added: { operations: new AddedRoutes(app), sockets: new AddedRoutes(app) },
    socketBounds: settings.websockets,
    session,
  };
}

function createConnections(
  { settings, tls, openFiles }: ServerParts,
  isOpen: boolean,
  hasSockets: boolean,
): Connections {
  return new Connections(settings.connections, {
    tls,
    // This leaves a request without a body no stream to end, while a plugin may wait for the events of that stream.
    optimizeEmptyRequests: !isOpen,
    isHandshake: hasSockets ? isHandshake : undefined,
    onAccepted: (descriptor) => openFiles.take(descriptor),
  });
}

/** What Fastify is created with, in addition to the settings. */
interface FastifyParts {
  readonly connections: Connections;
  readonly refusals: Refusals;
  /** What observes requests, also those that no hook sees, since their URL cannot be decoded. */
  readonly observers: ObserveRequest[];
  readonly hasSockets: boolean;
  readonly readsForms: boolean;
  /** Whether plugins may add routes of their own. */
  readonly isOpen: boolean;
}

/**
 * Loads Fastify from the next turn on, while what else is opened is waited for, such as the database of the jobs. A
 * failure here recurs where the server is created.
 */
export function preloadFastify(): void {
  setImmediate(() => void loadFastify().catch(() => {}));
}

/** Fastify is loaded here so that threads never load it. */
async function loadFastify(): Promise<Pick<typeof import("fastify"), "fastify" | "errorCodes">> {
  return import("fastify");
}

async function createFastify(
  settings: ResolvedSettings,
  { connections, refusals, observers, hasSockets, readsForms, isOpen }: FastifyParts,
): Promise<FastifyInstance> {
  const { fastify: create, errorCodes } = await loadFastify();
  const proxies = new TrustedProxies(settings.trustProxy);
  const fastify: FastifyInstance = create({
    bodyLimit: settings.maxBodyBytes,
    genReqId: createRequestIds(),
    routerOptions: {
      maxParamLength: settings.connections.maxHeaderBytes,
      querystringParser: parseQuery,
      // The router checks constraints on every request, whether or not a route uses them.
      constraints: hasSockets ? { upgrade: upgradeConstraint } : {},
    },
    serverFactory: (handler) => {
      const server = connections.createServer(handler);
      proxies.watch(server);
      return server;
    },
    ...(settings.rootPath === "" ? {} : { rewriteUrl: withoutRoot(settings.rootPath) }),
    trustProxy: proxies.setting,
    exposeHeadRoutes: false,
    ...(isOpen ? {} : { schemaController: withoutSchemas }),
    clientErrorHandler: () => {}, // handled by the connections, on every address
    frameworkErrors: (error, request, reply) => {
      for (const observe of observers) observe(request, reply);
      refusals.refuse(request, reply, error);
    },
    forceCloseConnections: "idle",
    // An accepted connection may bring its request just after the shutdown has begun: that request is the last one there.
    return503OnClosing: false,
  });
  passBodies(fastify, errorCodes);
  if (readsForms) {
    const { addFormParser } = await import("./bodies/multipart.ts");
    addFormParser(fastify);
  }
  return fastify;
}

/** With these Fastify loads neither ajv nor fast-json-stringify, a fifth of its time: only routes of plugins have such schemas. */
const withoutSchemas: NonNullable<FastifyServerOptions["schemaController"]> = {
  compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema },
};

function noSchema(): never {
  throw new Error("Only routes of plugins have JSON schemas");
}

/**
 * Observes requests from outside, before any plugin sees them: a plugin may answer in a hook of its own, and a client may
 * leave at any moment.
 */
function addObservers(
  fastify: FastifyInstance,
  app: App,
  {
    settings,
    log,
    tracing,
    accessLog,
    metrics,
    connections,
    observers,
  }: ServerParts & Pick<FastifyParts, "connections" | "observers">,
): void {
  const urls = new LoggedUrls(settings, app);
  if (accessLog && log.isLevelEnabled("info")) {
    const trace = tracing && ((request: object) => tracing.logFieldsOf(request));
    observers.push(createAccessLog(log, { urls, skipPaths: settings.log.skipPaths, trace }));
    connections.onUnread(logUnread(log));
  }
  if (metrics !== undefined) observers.push(addMetrics(fastify, metrics, connections));
  for (const observe of observers)
    fastify.addHook("onRequest", (request, reply, done) => {
      observe(request, reply);
      done();
    });
  if (tracing !== undefined) addRequestSpans(fastify, tracing, urls);
}

/** @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when the settings ask for a path that an operation answers. */
function checkPaths({ operations }: Lanes, { metrics, health }: ResolvedSettings): void {
  const probes = health?.port === undefined ? health : undefined;
  const wanted = {
    "metrics.path": metrics?.path,
    "health.livez": probes?.livez,
    "health.readyz": probes?.readyz,
  };
  for (const [setting, path] of Object.entries(wanted)) {
    const operation = operations.find(({ declaration: { method, path: own } }) => {
      return method === "GET" && pathPatterns(own).includes(path ?? "");
    });
    if (operation === undefined) continue;
    throw new OffloopError(
      "OFFLOOP_ROUTE_DUPLICATE",
      `Cannot serve ${setting} at ${path}: an operation answers GET ${path}`,
      { at: operation.declaration.location, fix: `give ${setting} another path` },
    );
  }
}

/** A proxy may forward the path with its own prefix or without it: the routes know only what comes after the prefix. */
function withoutRoot(rootPath: string): (request: IncomingMessage) => string {
  return ({ url = "/" }) => {
    const path = withoutOrigin(url);
    if (!path.startsWith(rootPath)) return url;
    const rest = path.slice(rootPath.length);
    if (rest.startsWith("/")) return rest;
    return rest === "" || rest.startsWith("?") ? `/${rest}` : url;
  };
}
