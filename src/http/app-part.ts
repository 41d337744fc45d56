import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import { type Method, methods } from "../app/operation.ts";
import type { AppPart } from "../app/parts.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { siteOf } from "../openapi/site.ts";
import { addDocs } from "./docs.ts";
import { createNotFound } from "./not-found.ts";
import { addRoutes, type BodyLimits, type Explain } from "./routes.ts";

/** What all parts of a server have in common. */
export interface PartServices {
  readonly lanes: Lanes;
  readonly log: Logger;
  /** What proxies put before all paths; empty for nothing. */
  readonly rootPath: string;
  /** Undefined in production. */
  readonly explain: Explain | undefined;
  readonly bodyLimits: BodyLimits;
}

/** Adds the plugins of an app: their hooks see what is added after them. */
export async function addPlugins(fastify: FastifyInstance, { app }: AppPart): Promise<void> {
  for (const { plugin, options } of app.declaredPlugins())
    await fastify.register(plugin as FastifyPluginAsync, options ?? {});
}

/** Adds what an app answers, and what is mounted in it. */
export async function addPart(
  fastify: FastifyInstance,
  part: AppPart,
  services: PartServices,
): Promise<void> {
  const { app, mountedAt, operations, mounted } = part;
  const { lanes, log } = services;
  const rootPath = services.rootPath + mountedAt;
  const runnable = lanes.operations.filter(({ declaration }) => declaration.mountedAt === mountedAt);
  addRoutes(fastify, runnable, { ...services, mountedAt, rootPath });
  const served = lanes.operations.map(({ declaration }) => declaration);
  const documents = addDocs(fastify, siteOf(app, rootPath), served, mountedAt);
  const { errorHandlers } = app.operationSettings;
  const notFound = createNotFound([...operations, ...documents], {
    lanes,
    log,
    mountedAt,
    rootPath,
    errorHandlers,
  });
  fastify.setNotFoundHandler(notFound);
  for (const inner of mounted) await addMounted(fastify, inner, mountedAt, services);
  if (mountedAt !== "") closeOff(fastify, mountedAt, notFound);
}

/** In a scope of its own, so that its plugins do not reach what it is mounted in. */
async function addMounted(
  fastify: FastifyInstance,
  part: AppPart,
  outer: string,
  services: PartServices,
): Promise<void> {
  const add = async (scope: FastifyInstance): Promise<void> => {
    await addPlugins(scope, part);
    await addPart(scope, part, services);
  };
  await fastify.register(add, { prefix: part.mountedAt.slice(outer.length) });
}

/**
 * What a mounted app does not answer is not found there, whatever patterns the outer app has. An operation or a plugin
 * of its own may take everything, as one for static files does.
 */
function closeOff(
  fastify: FastifyInstance,
  mountedAt: string,
  notFound: ReturnType<typeof createNotFound>,
): void {
  const isFree = (method: Method): boolean => !fastify.hasRoute({ method, url: `${mountedAt}/*` });
  const free = methods.filter(isFree);
  if (free.length > 0) fastify.route({ method: free, url: "/*", handler: notFound });
}
