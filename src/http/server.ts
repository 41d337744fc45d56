import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { siteOf } from "../openapi/site.ts";
import { addAccessLog } from "./access-log.ts";
import { addDocs } from "./docs.ts";
import { answerClientError, createFailureHandler } from "./failures.ts";
import type { Lanes } from "./lanes.ts";
import { createNotFound } from "./not-found.ts";
import { addRoutes } from "./routes.ts";

/** Makes the Fastify instance that answers for an app. Fastify is loaded here, so that threads never load it. */
export async function createServer(
  app: App,
  lanes: Lanes,
  settings: ResolvedSettings,
  log: Logger,
  accessLog: boolean,
): Promise<FastifyInstance> {
  const { fastify: createFastify } = await import("fastify");
  const onFailure = createFailureHandler(log);
  const fastify: FastifyInstance = createFastify({
    bodyLimit: settings.maxBodyBytes,
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: onFailure,
    forceCloseConnections: "idle",
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler(onFailure);
  if (accessLog && log.isLevelEnabled("info")) addAccessLog(fastify, log);
  addRoutes(fastify, lanes, log);
  const operations = lanes.operations.map(({ declaration }) => declaration);
  const documents = addDocs(fastify, siteOf(app), operations);
  fastify.setNotFoundHandler(createNotFound([...operations, ...documents]));
  return fastify;
}
