import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { FastifyPlugin } from "../app/app.ts";
import { type Method, methods } from "../app/method.ts";
import type { AppPart } from "../app/parts.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { DocumentSettings } from "../openapi/document.ts";
import { siteOf } from "../openapi/site.ts";
import type { AddedRoutes } from "./added-routes.ts";
import { passBody } from "./bodies/request-bodies.ts";
import { Refusals } from "./connections/refusals.ts";
import { createNotFound } from "./not-found.ts";
import { addDocs } from "./pages/docs.ts";
import { Frontends } from "./pages/frontend.ts";
import { addRoutes, type BodyLimits } from "./routes.ts";
import { MissedHandshakes } from "./sockets/missed-handshakes.ts";
import type { OpenSockets } from "./sockets/open-sockets.ts";
import { addSocketRoutes, type SocketServices } from "./sockets/routes.ts";
import type { AnswerServices } from "./surrounded-routes.ts";

/** What all parts of a server have in common. */
export interface PartServices extends AnswerServices {
  readonly bodyLimits: BodyLimits;
  /** Whether plugins may see the replies of operations. */
  readonly hasPlugins: boolean;
  readonly sockets: OpenSockets;
  /** What the router has been given; handshakes match no other routes. */
  readonly added: { readonly operations: AddedRoutes; readonly sockets: AddedRoutes };
  readonly socketBounds: SocketServices["bounds"];
  /** What the documents say of sessions. */
  readonly session: DocumentSettings["session"];
}

/** Answers in an app's name where none of its operations does. */
export function refusalsOf(part: AppPart, services: PartServices): Refusals {
  return new Refusals({ ...services, rootPath: services.rootPath + part.mountedAt, part });
}

/**
 * Adds what comes before an app's answers: its error handling, then its plugins, whose hooks see
 * everything added after them.
 */
export async function addBefore(
  fastify: FastifyInstance,
  { app }: AppPart,
  refusals: Refusals,
): Promise<void> {
  fastify.setErrorHandler((error: Error, request, reply) => refusals.refuse(request, reply, error));
  const { setNotFoundHandler, register } = fastify;
  for (const { plugin, options = {}, location } of app.declaredPlugins()) {
    fastify.setNotFoundHandler = () => {
      throw notFoundHandler(location);
    };
    // Within a plugin, too. What the plugin itself throws would end the process.
    fastify.register = function (this: FastifyInstance, ...given: unknown[]): unknown {
      if (isWebSocketServer(given[0]) && this.hasRequestDecorator("ws")) throw webSocketServer(location);
      return Reflect.apply(register, this, given);
    } as typeof register;
    await fastify.register(options.prefix === undefined ? shared(plugin) : asFastifyPlugin(plugin), options);
  }
  Object.assign(fastify, { setNotFoundHandler, register });
}

/** `fastify-plugin` keeps the name of a plugin here. */
const META = Symbol.for("plugin-meta");

function isWebSocketServer(plugin: unknown): boolean {
  if (typeof plugin !== "function" || !(META in plugin)) return false;
  return (plugin[META] as { readonly name?: unknown }).name === "@fastify/websocket";
}

/** offloop registers `@fastify/websocket` for `app.websocket`; for a second one, Fastify only says that a decorator exists. */
function webSocketServer(at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_PLUGIN_WEBSOCKET",
    "Cannot register the plugin: it adds the WebSocket server of @fastify/websocket, and app.websocket has added it",
    {
      at,
      fix: "leave the plugin out, and declare its sockets: app.websocket(path, async ({ socket }) => ...)",
    },
  );
}

/** Fastify keeps one such handler, and says of the second only that there is a first: not which plugin is meant. */
function notFoundHandler(at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_FOUND_HANDLER",
    "Cannot register the plugin: it calls setNotFoundHandler(), but the app itself answers what is not found",
    { at, fix: "answer it with app.onError(HTTPError, ...), which gets every 404" },
  );
}

/** Fastify detects the kind itself. */
function asFastifyPlugin(plugin: FastifyPlugin<never>): FastifyPluginAsync {
  return plugin as unknown as FastifyPluginAsync;
}

/** Fastify checks this on a plugin to see whether it wants no scope of its own. */
const SKIP_OVERRIDE = Symbol.for("skip-override");

/**
 * A plugin whose hooks apply to the whole app, as `fastify-plugin` makes one: in a scope of its
 * own they would see nothing.
 */
function shared(plugin: FastifyPlugin<never>): FastifyPluginAsync {
  if (typeof plugin !== "function" || SKIP_OVERRIDE in plugin) return asFastifyPlugin(plugin);
  const inThisScope: FastifyPlugin<never> = (...given) => plugin(...given);
  return asFastifyPlugin(Object.assign(inThisScope, plugin, { [SKIP_OVERRIDE]: true }));
}

/** Adds an app's routes, and the apps mounted in it. */
export async function addPart(
  fastify: FastifyInstance,
  part: AppPart,
  services: PartServices,
  refusals: Refusals,
): Promise<void> {
  const { app, mountedAt, operations, mounted } = part;
  const { lanes } = services;
  const mounts = mounted.map((inner) => inner.mountedAt);
  const paths = { mountedAt, mounts, rootPath: services.rootPath + mountedAt };
  const runnable = lanes.operations.filter(({ declaration }) => declaration.mountedAt === mountedAt);
  addRoutes(fastify, runnable, { ...services, ...paths, added: services.added.operations });
  const sockets = lanes.sockets.filter(({ declaration }) => declaration.connection.mountedAt === mountedAt);
  const bounds = services.socketBounds;
  addSocketRoutes(fastify, sockets, {
    ...services,
    ...paths,
    refusals,
    bounds,
    added: services.added.sockets,
  });
  const served = lanes.operations.map(({ declaration }) => declaration);
  const documents = addDocs(fastify, siteOf(app, { ...paths, session: services.session }), served, mountedAt);
  const declared = app.declaredFrontends();
  const missed =
    lanes.sockets.length === 0 ? undefined : new MissedHandshakes({ sockets, operations }, services.log);
  const answer = createNotFound(
    [...operations, ...documents],
    paths,
    refusals,
    declared.length === 0 ? undefined : new Frontends(declared),
  );
  const notFound: typeof answer = (request, reply) => {
    missed?.note(request);
    answer(request, reply);
  };
  await fastify.register(async (scope) => {
    scope.addHook("preParsing", passBody);
    scope.setNotFoundHandler(notFound);
  });
  for (const inner of mounted) await addMounted(fastify, inner, mountedAt, services);
  // Some plugins see only requests that have a route.
  if (mountedAt === "" && app.declaredPlugins().length === 0) return;
  closeOff(fastify, mountedAt, notFound);
  if (lanes.sockets.length > 0) closeOffHandshakes(fastify, mountedAt, notFound);
}

/** Uses a scope of its own, so that the mounted app's plugins do not reach the app around it. */
async function addMounted(
  fastify: FastifyInstance,
  part: AppPart,
  outer: string,
  services: PartServices,
): Promise<void> {
  const add = async (scope: FastifyInstance): Promise<void> => {
    const refusals = refusalsOf(part, services);
    await addBefore(scope, part, refusals);
    await addPart(scope, part, services, refusals);
  };
  await fastify.register(add, { prefix: part.mountedAt.slice(outer.length) });
}

/**
 * Answers "not found" for a mounted app itself, whatever patterns the surrounding app has. An operation or a plugin of
 * the mounted app may still take everything, as a plugin for static files does.
 */
function closeOff(
  fastify: FastifyInstance,
  mountedAt: string,
  notFound: ReturnType<typeof createNotFound>,
): void {
  const isFree = (method: Method): boolean => !fastify.hasRoute({ method, url: `${mountedAt}/*` });
  const free = methods.filter(isFree);
  if (free.length > 0) {
    const config = { isClosedOff: true };
    fastify.route({ method: free, url: "/*", config, handler: notFound });
  }
}

/** The same for handshakes: the router lets them match no other routes. */
function closeOffHandshakes(
  fastify: FastifyInstance,
  mountedAt: string,
  notFound: ReturnType<typeof createNotFound>,
): void {
  const constraints = { upgrade: "websocket" };
  if (fastify.hasRoute({ method: "GET", url: `${mountedAt}/*`, constraints })) return;
  fastify.route({
    method: "GET",
    url: "/*",
    constraints,
    config: { isClosedOff: true },
    // Answers before the handler would be called: there, a connection is accepted first.
    preHandler: (request, reply) => notFound(request, reply),
    handler: notFound,
  });
}
