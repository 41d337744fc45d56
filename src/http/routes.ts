import { finished } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { pathNames } from "../app/path.ts";
import { requestChannel } from "../channels/channels.ts";
import { describeError } from "../errors/described-error.ts";
import { type FormPart, isWhole, type RawReply } from "../operation/raw.ts";
import { internalErrorReply } from "../operation/reply.ts";
import { createFailureLog, type FailureLog } from "./failure-log.ts";
import type { Lanes, RunnableOperation } from "./lanes.ts";
import { discardParts } from "./multipart.ts";
import { observeRequest, runObservedOperation } from "./observed-operation.ts";
import { writeLongReply, writeReply } from "./reply.ts";
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
      config: { operation: operation.declaration, readsForm: operation.readsForm },
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
    if (isWhole(raw.body)) writeReply(reply, raw);
    else answerLong(request, reply, raw);
  };
  const answerLong = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    const onError = (error: unknown): void => logFailure(request.id, id, describeError(error));
    writeLongReply(reply, raw, onError).catch((thrown) => answerInstead(request, reply, thrown));
  };
  const answerInstead = (request: FastifyRequest, reply: FastifyReply, thrown: unknown): void => {
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
    answer(request, reply, internalErrorReply(thrown));
  };
  // Whether the client got it or hung up, its tasks run; only then, as the response goes first.
  const followUp = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    const { background = [], finish } = raw;
    const parts = Array.isArray(request.body) ? (request.body as FormPart[]) : undefined;
    const end = async (failure: { readonly error: unknown } | undefined): Promise<void> => {
      if (parts !== undefined) await discardParts(parts);
      await finish?.(failure).catch((error: unknown) => logFailure(request.id, id, describeError(error)));
    };
    finished(reply.raw, () => lanes.background.start(request.id, id, background, end));
  };

  return (request, reply) => {
    operation.running++;
    if (requestChannel.hasSubscribers) observeRequest(request.id, id, reply);
    runObservedOperation(operation, new HttpRequest(request, reply, route)).then((raw) => {
      operation.running--;
      if (raw.background !== undefined || raw.finish !== undefined || Array.isArray(request.body))
        followUp(request, reply, raw);
      try {
        answer(request, reply, raw);
      } catch (thrown) {
        answerInstead(request, reply, thrown);
      }
    });
  };
}
