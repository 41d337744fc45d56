import { finished } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { pathNames } from "../app/path.ts";
import type { RawReply } from "../operation/raw.ts";
import { internalErrorReply } from "../operation/reply.ts";
import type { Lanes } from "./lanes.ts";
import { writeReply } from "./reply.ts";
import { rawRequest } from "./request.ts";
import type { RunnableOperation } from "./runnable.ts";

/** Adds a route for every operation. */
export function addRoutes(fastify: FastifyInstance, lanes: Lanes, log: Logger): void {
  for (const operation of lanes.operations) {
    const { method, path, maxBodyBytes } = operation.declaration;
    const bodyLimit = maxBodyBytes === undefined ? {} : { bodyLimit: maxBodyBytes };
    fastify.route({
      method,
      url: path,
      ...bodyLimit,
      config: { operation: operation.declaration },
      handler: handlerOf(operation, lanes, log),
    });
  }
}

function handlerOf(
  operation: RunnableOperation,
  lanes: Lanes,
  log: Logger,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const { id, path } = operation.declaration;
  const hasParams = pathNames(path).length > 0;
  const answer = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    if (raw.error !== undefined)
      log.error({ reqId: request.id, operation: id, err: raw.error }, `${id} failed: ${raw.error.message}`);
    const { background } = raw;
    // Whether the client got it or hung up, its tasks run; only then, as the response goes first.
    if (background !== undefined && background.length > 0)
      finished(reply.raw, () => lanes.background.start(request.id, id, background));
    writeReply(reply, raw);
  };
  return (request, reply) => {
    operation.running++;
    operation.run(rawRequest(request, hasParams)).then((raw) => {
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
