import type { ErrorHandlers } from "../../app/error-handlers.ts";
import { Exchange } from "../../operation/context.ts";
import { callErrorHandler } from "../../operation/error-reply.ts";
import type { Packed } from "../crossing/bytes.ts";
import type { FailurePayload } from "../crossing/dependency-message.ts";
import { packReply, type ReplyPayload } from "../crossing/reply-message.ts";
import { type CallServices, ReceivedRequest } from "../crossing/request-message.ts";
import { unpackThrown } from "../crossing/thrown.ts";
import type { ErrorHandlerWork } from "../crossing/work.ts";

/** Answers an error of an operation that runs on the loop. */
export async function runErrorHandler(
  { id, declaration }: ErrorHandlerWork,
  { request, thrown }: FailurePayload,
  handlers: ErrorHandlers,
  services: CallServices,
): Promise<Packed<ReplyPayload>> {
  const exchange = new Exchange(id, new ReceivedRequest(request, services.begin(request[0], id)), true);
  return packReply(await callErrorHandler(declaration, exchange, unpackThrown(thrown, handlers)));
}
