import { type ErrorHandler, findNearestHandler, type NearestHandlers } from "../app/error-handlers.ts";
import { checkCopy } from "../errors/brand.ts";
import { describeAfter, describeError } from "../errors/described-error.ts";
import { HTTPError, isFinalStatus, statusPhrase, ValidationError } from "../errors/http-error.ts";
import { type ErrorCode, OffloopError } from "../errors/offloop-error.ts";
import { WebSocketError } from "../errors/websocket-error.ts";
import { Exchange } from "./context.ts";
import { encodeReply, type ReplyRules, toJson } from "./encode.ts";
import { withFirstChunk } from "./first-chunk.ts";
import { discardBody, type HeaderPairs, isReady, type RawReply } from "./raw.ts";
import type { FailedRequest, Runtime } from "./runtime.ts";

/** A request that cannot be answered as planned, and the handlers that may answer it in their own way. */
export interface FailedRun extends FailedRequest {
  readonly runtime: Runtime;
  readonly operation: FailedRequest["operation"] & {
    readonly errorHandlers: NearestHandlers;
    /** Whether the answer may close a socket. */
    readonly closes?: boolean;
  };
}

/**
 * The reply for what the pipeline threw: the app's own answer for errors of that class, or else the usual one. Never
 * throws; a failure to answer is itself answered in the usual way.
 */
export function answerError(run: FailedRun, thrown: unknown): RawReply | Promise<RawReply> {
  const reply = answerInOwnWay(run, thrown);
  if (run.operation.closes === true) return reply;
  return reply instanceof Promise ? reply.then(refusalOf) : refusalOf(reply);
}

function answerInOwnWay(run: FailedRun, thrown: unknown): RawReply | Promise<RawReply> {
  const { context, runtime, operation } = run;
  const own = handlerFor(operation.errorHandlers, thrown);
  const error = own === undefined ? asError(thrown) : thrown;
  const handler = own ?? handlerFor(operation.errorHandlers, error);
  if (handler === undefined) return sealedError(errorReply(thrown), context);
  if (handler.lane === "thread" && !runtime.inThread) return askThread(runtime, handler, error, run);
  return callErrorHandler(handler, context, error);
}

/**
 * Anything can be thrown, but a handler for every error expects an error. A text becomes an error with this message; a
 * value that cannot be read is left as it is.
 */
function asError(thrown: unknown): unknown {
  try {
    if (thrown instanceof Error) return thrown;
    const more = typeof thrown === "object" && thrown !== null ? { cause: thrown } : {};
    const error = new Error(describeError(thrown).message, more);
    error.stack = String(error); // its frames would be offloop's own
    return error;
  } catch {
    return thrown;
  }
}

/** Session changes made before an error that is answered are kept, such as a count of failed logins. */
function sealedError(reply: RawReply, context: Exchange): RawReply {
  try {
    return context.sealed(reply);
  } catch (error) {
    return errorReply(error); // the session is too large
  }
}

async function askThread(
  runtime: Runtime,
  ...failure: Parameters<Runtime["answerOnThread"]>
): Promise<RawReply> {
  try {
    return await runtime.answerOnThread(...failure);
  } catch (error) {
    return failedAnswer(error, failure[1]); // the thrown value cannot cross
  }
}

/** Undefined for values whose class cannot be determined, such as a revoked proxy. */
function handlerFor(handlers: NearestHandlers, thrown: unknown): ErrorHandler | undefined {
  try {
    return findNearestHandler(handlers, thrown);
  } catch {
    return undefined;
  }
}

/** Lets a handler answer an error, here. Tasks added before the error do not run; the handler's own do. */
export async function callErrorHandler(
  handler: ErrorHandler,
  exchange: Exchange,
  thrown: unknown,
): Promise<RawReply> {
  let made: RawReply | undefined;
  try {
    exchange.addedTasks?.splice(0);
    const value = await handler.fn(thrown, exchange);
    made = await encodeReply(rulesOf(handler, thrown), exchange, value);
    const begun = isReady(made.body) ? made : await withFirstChunk(made, Exchange.requestOf(exchange));
    return answered(exchange.sealed(begun), thrown);
  } catch (error) {
    if (made !== undefined) discardBody(made);
    return failedAnswer(error, thrown);
  }
}

/** The reply where a handler failed to answer an error, or threw another one to answer with: the log has both. */
function failedAnswer(error: unknown, thrown: unknown): RawReply {
  const reply = errorReply(error);
  return reply.error === undefined
    ? logged(reply, thrown)
    : { ...reply, error: { ...reply.error, ...describeAfter(error, thrown) } };
}

/**
 * A handler's reply to an error: with the headers that the error has and the handler did not set, and with the error
 * itself for the log where it was not meant for the client. Starlette, too, raises what a handler has answered as a 500.
 */
function answered(reply: RawReply, thrown: unknown): RawReply {
  const set = new Set((reply.headers ?? []).map(([name]) => name.toLowerCase()));
  const own = headersOf(thrown).filter(([name]) => !set.has(name));
  const headers = own.length === 0 ? reply.headers : [...(reply.headers ?? []), ...own];
  return logged({ ...reply, headers }, thrown);
}

/** With the error for the log, where a reply says that the server is at fault. */
function logged(reply: RawReply, thrown: unknown): RawReply {
  const isMeant = thrown instanceof ValidationError || thrown instanceof WebSocketError;
  if (isMeant || reply.status < 500) return reply;
  return { ...reply, error: { ...describeError(thrown), isAnswered: true } };
}

/** Where a handler sets no status, the error's own applies; 500 for an error that has none. */
function rulesOf({ type, location }: ErrorHandler, thrown: unknown): ReplyRules {
  const status = refusalStatus(thrown) ?? (thrown as { status?: unknown }).status;
  return {
    response: undefined,
    jsonType: "application/json",
    declaration: {
      id: `the error handler of ${type.name}`,
      status: isFinalStatus(status) ? status : 500,
      location,
    },
  };
}

/**
 * The usual reply for an error. Anything not meant for the client stays in `error`, for the log. A status of 1000 and
 * above is the code to close a socket with, and its body the reason.
 */
export function errorReply(thrown: unknown): RawReply {
  try {
    if (thrown instanceof HTTPError) return httpErrorReply(thrown);
    if (thrown instanceof WebSocketError) return closingReply(thrown.code, thrown.reason);
    if (thrown instanceof ValidationError) return detailReply(422, thrown.details);
    if (refusalStatus(thrown) !== undefined) return refusedReply(thrown as OffloopError);
    checkCopy(thrown, "answer with an error");
  } catch (cause) {
    return internalErrorReply(cause); // its detail or headers cannot be written, or it belongs to another copy
  }
  return internalErrorReply(thrown);
}

/** The reply that closes a socket. */
export function closingReply(code: number, reason: string): RawReply {
  return {
    status: code,
    mediaType: "text/plain",
    headers: undefined,
    body: reason,
    background: undefined,
    error: undefined,
  };
}

/** The same reply where there is no socket to close yet: it refuses the handshake, with 403 as in Starlette. */
export function refusalOf(reply: RawReply): RawReply {
  if (reply.status < 1000) return reply;
  const reason = String(reply.body ?? "");
  const { mediaType, body } = detailReply(403, reason || statusPhrase(403));
  return { ...reply, status: 403, mediaType, body };
}

/** nginx's status for a client that hung up before it had an answer; it is seen only in the access log. */
export const CLIENT_CLOSED_REQUEST = 499;

/** The status where no thread has done its part, be it the operation itself or a dependency, or the jobs are away. */
const refusals: Partial<Record<ErrorCode, number>> = {
  OFFLOOP_CLIENT_GONE: CLIENT_CLOSED_REQUEST,
  OFFLOOP_JOBS_DATABASE_ENDED: 503,
  OFFLOOP_JOBS_UNFINISHED: 503,
  OFFLOOP_JOBS_UNREACHABLE: 503,
  OFFLOOP_TIMEOUT: 504,
  OFFLOOP_THREADS_BUSY: 503,
  OFFLOOP_THREADS_DOWN: 503,
};

function refusalStatus(thrown: unknown): number | undefined {
  return thrown instanceof OffloopError ? refusals[thrown.code] : undefined;
}

/** The reply for work that was not done, and can be asked for again. */
export function refusedReply(error: OffloopError): RawReply {
  const status = refusalStatus(error) ?? 500;
  if (status === CLIENT_CLOSED_REQUEST) return detailReply(status, "Client Closed Request");
  return detailReply(status, statusPhrase(status), {
    headers: headersOf(error),
    error: describeError(error),
  });
}

/** The reply for a failure that is not the client's fault: the client learns nothing more, the log everything. */
export function internalErrorReply(thrown: unknown): RawReply {
  return detailReply(500, "Internal Server Error", { error: describeError(thrown) });
}

function httpErrorReply(error: HTTPError): RawReply {
  return logged(detailReply(error.status, error.detail, { headers: headersOf(error) }), error);
}

/** What an error asks to be sent with its answer. Names are in lower case. */
function headersOf(error: unknown): HeaderPairs {
  if (error instanceof HTTPError) return [...new Headers(error.headers)];
  const retryAfterS = error instanceof OffloopError ? error.retryAfterS : undefined;
  return retryAfterS === undefined ? [] : [["retry-after", String(retryAfterS)]];
}

/** A reply in FastAPI's shape for everything that is not a success: `{"detail": ...}`. */
function detailReply(
  status: number,
  detail: unknown,
  { headers, error }: Partial<Pick<RawReply, "headers" | "error">> = {},
): RawReply {
  return {
    status,
    mediaType: "application/json",
    headers,
    body: toJson({ detail }),
    background: undefined,
    error,
  };
}
