import { finished } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { pathNames } from "../app/path.ts";
import type { RawReply } from "../operation/raw.ts";
import { internalErrorReply } from "../operation/reply.ts";
import { createFailureLog, type FailureLog } from "./failure-log.ts";
import type { Lanes, RunnableOperation } from "./lanes.ts";
import { writeReply } from "./reply.ts";
import { HttpRequest, type RequestRoute } from "./request.ts";

/** Adds a route for every operation. */
export function addRoutes(fastify: FastifyInstance, lanes: Lanes, log: Logger): void {
  const logFailure = createFailureLog(log);
  for (const operation of lanes.operations) {
    const { method, path, maxBodyBytes } = operation.declaration;
    const bodyLimit = maxBodyBytes === undefined ? {} : { bodyLimit: maxBodyBytes };
    fastify.route({
      method,
      url: path,
      ...bodyLimit,
      config: { operation: operation.declaration },
      handler: handlerOf(operation, lanes, log, logFailure),
    });
  }
}

function handlerOf(
  operation: RunnableOperation,
  lanes: Lanes,
  log: Logger,
  logFailure: FailureLog,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const { id, path } = operation.declaration;
  const route: RequestRoute = { id, hasParams: pathNames(path).length > 0, log };
  const answer = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    if (raw.error !== undefined) logFailure(request.id, id, raw.error);
    if (lanes.closing) reply.header("connection", "close");
    writeReply(reply, raw);
    const { background } = raw;
    if (background === undefined || background.length === 0) return;
    // Whether the client got the response or hung up, the tasks run.
    finished(reply.raw, () => lanes.background.start(request.id, id, background));
  };
  return (request, reply) => {
    operation.running++;
    operation.run(new HttpRequest(request, reply, route)).then((raw) => {
      operation.running--;
      try {
        answer(request, reply, raw);
      } catch (thrown) {
        for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
        answer(request, reply, internalErrorReply(thrown));
      }
    });
  };
}
