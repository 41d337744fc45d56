import type { FastifyInstance } from "fastify";
import { type Method, methods } from "../app/method.ts";
import type { AppPart } from "../app/parts.ts";
import type { DocumentSettings } from "../openapi/document.ts";
import { siteOf } from "../openapi/site.ts";
import type { AddedRoutes } from "./added-routes.ts";
import { passBody } from "./bodies/request-bodies.ts";
import { Refusals } from "./connections/refusals.ts";
import { createNotFound } from "./not-found.ts";
import { addDocs } from "./pages/docs.ts";
import { registerPlugins } from "./plugins.ts";
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
  await registerPlugins(fastify, app.declaredPlugins());
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
  const missed =
    lanes.sockets.length === 0 ? undefined : new MissedHandshakes({ sockets, operations }, services.log);
  const answer = createNotFound([...operations, ...documents], paths, refusals, app.declaredFrontends());
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
