import { finished } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Operation } from "../app/operation.ts";
import { pathNames } from "../app/path.ts";
import { requestChannel } from "../channels/channels.ts";
import { type DescribedError, describeError } from "../errors/described-error.ts";
import type { Lanes, RunnableOperation } from "../lanes/lanes.ts";
import { observeRequest, runObservedOperation } from "../lanes/observed-operation.ts";
import { internalErrorReply } from "../operation/error-reply.ts";
import { isWhole, type RawReply } from "../operation/raw.ts";
import { createFailureLog } from "./failures.ts";
import { lacksName } from "./not-found.ts";
import { ReceivedForm } from "./received-form.ts";
import { writeLongReply, writeReply } from "./reply.ts";
import { HttpRequest, type RequestRoute } from "./request.ts";
import { handleInSpan } from "./traced-requests.ts";

/** Adds to the reply for a failure what a developer wants to know. */
export type Explain = (raw: RawReply, operation: Operation, request: FastifyRequest) => Promise<RawReply>;

/** What all routes of an app have in common. */
export interface RouteServices {
  readonly lanes: Lanes;
  readonly log: Logger;
  /** The prefix that the Fastify instance has, which the operations' paths begin with. */
  readonly mountedAt: string;
  /** What stands before the app's own paths. */
  readonly rootPath: string;
  /** Undefined in production. */
  readonly explain: Explain | undefined;
  readonly bodyLimits: BodyLimits;
}

/** Largest bodies in bytes, where an operation does not say. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Of what the event loop parses. */
  readonly maxLoopBodyBytes: number;
}

/** Adds a route for every operation of an app. */
export function addRoutes(
  fastify: FastifyInstance,
  operations: readonly RunnableOperation[],
  services: RouteServices,
): void {
  const { lanes, log, mountedAt, bodyLimits } = services;
  const logFailure = createFailureLog(log);
  const { tracing } = lanes;
  for (const operation of operations) {
    const { id, method, path } = operation.declaration;
    const onFailure: OnFailure = (request, error) => {
      if (isGivenUp(request, error)) return;
      tracing?.requests.fail(request.raw, error);
      logFailure(request.id, id, error);
    };
    const handle = handlerOf(operation, services, onFailure);
    const handler = tracing === undefined ? handle : handleInSpan(tracing, handle);
    const { maxBytes, maxFormBytes } = bodyLimitsOf(operation, bodyLimits);
    fastify.route({
      method,
      url: path.slice(mountedAt.length),
      prefixTrailingSlash: "slash",
      bodyLimit: maxBytes,
      config: { operation: operation.declaration, readsForm: operation.readsForm, maxFormBytes },
      handler: hasNames(path) ? whereNamed(handler) : handler,
    });
  }
}

/** A multipart form is not parsed in one piece: what the loop may parse at once is no bound for it. */
function bodyLimitsOf(
  { declaration: { lane, maxBodyBytes: own }, parsesBody }: RunnableOperation,
  { maxBodyBytes, maxLoopBodyBytes }: BodyLimits,
): { maxBytes: number; maxFormBytes: number } {
  const maxFormBytes = own ?? maxBodyBytes;
  const isParsedOnLoop = own === undefined && parsesBody && lane === "loop";
  return { maxFormBytes, maxBytes: isParsedOnLoop ? Math.min(maxFormBytes, maxLoopBodyBytes) : maxFormBytes };
}

/** Told of what goes wrong in answering a request. */
type OnFailure = (request: FastifyRequest, error: DescribedError) => void;

/** Who passes `signal` on is told by an error that the client has gone. The line of the request says so. */
function isGivenUp(request: FastifyRequest, { type }: DescribedError): boolean {
  return type === "AbortError" && request.raw.socket.destroyed;
}

type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => void;

function hasNames(path: string): boolean {
  return pathNames(path).length > 0;
}

/** What the router takes for a path but Starlette's does not, is not found. */
function whereNamed(handler: RouteHandler): RouteHandler {
  return (request, reply) => {
    if (lacksName(request.params as Record<string, string>)) reply.callNotFound();
    else handler(request, reply);
  };
}

function handlerOf(
  operation: RunnableOperation,
  { lanes, log, rootPath, explain }: RouteServices,
  onFailure: OnFailure,
): RouteHandler {
  const { id, path } = operation.declaration;
  const route: RequestRoute = { id, hasParams: hasNames(path), rootPath, log };
  const answer = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    if (raw.error !== undefined) onFailure(request, raw.error);
    if (raw.error === undefined || explain === undefined) send(request, reply, raw);
    else
      explain(raw, operation.declaration, request)
        .catch(() => raw)
        .then((explained) => send(request, reply, explained));
  };
  const send = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    if (lanes.closing) reply.header("connection", "close");
    if (isWhole(raw.body)) writeReply(reply, raw);
    else answerLong(request, reply, raw);
  };
  const answerLong = (request: FastifyRequest, reply: FastifyReply, raw: RawReply): void => {
    const onError = (error: unknown): void => onFailure(request, describeError(error));
    writeLongReply(reply, raw, onError).catch((thrown) => answerInstead(request, reply, thrown));
  };
  const answerInstead = (request: FastifyRequest, reply: FastifyReply, thrown: unknown): void => {
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
    answer(request, reply, internalErrorReply(thrown));
  };
  const followUp = followUpOf(id, lanes, onFailure);

  return (request, reply) => {
    operation.running++;
    if (operation.readsForm && request.body instanceof ReceivedForm) request.body.hold();
    if (requestChannel.hasSubscribers) observeRequest(request.id, id, reply);
    runObservedOperation(operation, new HttpRequest(request, reply, route)).then((raw) => {
      operation.running--;
      if (raw.background !== undefined || raw.finish !== undefined || request.body instanceof ReceivedForm)
        followUp(request, reply, raw);
      try {
        answer(request, reply, raw);
      } catch (thrown) {
        answerInstead(request, reply, thrown);
      }
    });
  };
}

/** What is left to do after a reply. Whether the client got it or hung up, its tasks run; only then, as the response goes first. */
function followUpOf(
  id: string,
  lanes: Lanes,
  onFailure: OnFailure,
): (request: FastifyRequest, reply: FastifyReply, raw: RawReply) => void {
  return (request, reply, { background = [], finish }) => {
    const form = request.body instanceof ReceivedForm ? request.body : undefined;
    const end = async (failure: { readonly error: unknown } | undefined): Promise<void> => {
      await form?.close();
      await finish?.(failure).catch((error: unknown) => onFailure(request, describeError(error)));
    };
    finished(reply.raw, () => lanes.background.start(request.id, id, background, end));
  };
}
