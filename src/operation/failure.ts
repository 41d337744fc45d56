import { type ErrorHandler, type ErrorHandlers, findErrorHandler } from "../app/error-handlers.ts";
import type { Exchange } from "./context.ts";
import { encodeReply, type ReplyRules } from "./encode.ts";
import type { Place } from "./place.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { failureReply } from "./reply.ts";

/**
 * The reply for what the pipeline threw: the app's own answer for errors of that class, or else the usual one.
 * Never throws; what goes wrong in answering is answered in the usual way.
 */
export function answerFailure(
  { errorHandlers }: { readonly errorHandlers: ErrorHandlers },
  exchange: Exchange,
  request: RawRequest,
  thrown: unknown,
  place: Place,
): RawReply | Promise<RawReply> {
  const handler = handlerFor(errorHandlers, thrown);
  if (handler === undefined) return failureReply(thrown);
  if (handler.lane === "thread" && !place.inThread) return place.answerOnThread(handler, thrown, request);
  return callErrorHandler(handler, exchange, thrown);
}

/** Undefined for what cannot be asked for its class, such as a revoked proxy. */
function handlerFor(handlers: ErrorHandlers, thrown: unknown): ErrorHandler | undefined {
  try {
    return findErrorHandler(handlers, thrown);
  } catch {
    return undefined;
  }
}

/** Has a handler answer an error, here. Tasks that were added before the error do not run; its own do. */
export async function callErrorHandler(
  handler: ErrorHandler,
  exchange: Exchange,
  thrown: unknown,
): Promise<RawReply> {
  try {
    exchange.addedTasks?.splice(0);
    const value = await handler.fn(thrown, exchange);
    return await encodeReply(rulesOf(handler, thrown), exchange, value);
  } catch (error) {
    return failureReply(error);
  }
}

/** Where a handler sets no status, that of the error; 500 for one that has none. */
function rulesOf({ type, location }: ErrorHandler, thrown: unknown): ReplyRules {
  const { status } = thrown as { status?: unknown };
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  return {
    response: undefined,
    jsonType: "application/json",
    declaration: {
      id: `the error handler of ${type.name}`,
      status: isStatus ? Number(status) : 500,
      location,
    },
  };
}
