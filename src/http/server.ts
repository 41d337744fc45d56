import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { ResolvedSettings } from "../app/settings.ts";
import { addAccessLog } from "./access-log.ts";
import { answerClientError, createFailureHandler } from "./failures.ts";
import { addFormParser } from "./form-parser.ts";
import type { Lanes } from "./lanes.ts";
import { createNotFound } from "./not-found.ts";
import { addRoutes } from "./routes.ts";

/** Makes the Fastify instance that answers for an app. Fastify is loaded here, so that threads never load it. */
export async function createServer(
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
  addFormParser(fastify, settings.maxBodyBytes);
  fastify.setErrorHandler(onFailure);
  fastify.setNotFoundHandler(createNotFound(lanes));
  if (accessLog && log.isLevelEnabled("info")) addAccessLog(fastify, log);
  addRoutes(fastify, lanes, log);
  return fastify;
}
