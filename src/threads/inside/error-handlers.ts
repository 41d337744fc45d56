import type { ErrorHandlers } from "../../app/error-handlers.ts";
import { Exchange, type Place } from "../../operation/context.ts";
import { callErrorHandler } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";
import type { FailurePayload } from "../crossing/dependency-message.ts";
import { ReceivedRequest, type RequestServices } from "../crossing/request-message.ts";
import { unpackThrown } from "../crossing/thrown.ts";
import type { ErrorHandlerWork } from "../crossing/work.ts";

/** Answers an error of an operation that runs on the loop. */
export async function runErrorHandler(
  { id, declaration }: ErrorHandlerWork,
  { request, thrown }: FailurePayload,
  { handlers, place }: { readonly handlers: ErrorHandlers; readonly place: Place },
  services: RequestServices,
): Promise<RawReply> {
  const exchange = new Exchange(id, new ReceivedRequest(request, services), place);
  return callErrorHandler(declaration, exchange, unpackThrown(thrown, handlers));
}
