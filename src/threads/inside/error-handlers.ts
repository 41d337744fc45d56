import type { ErrorHandlers } from "../../app/error-handlers.ts";
import { Exchange } from "../../operation/context.ts";
import { callErrorHandler } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";
import type { SessionLane } from "../../operation/session.ts";
import type { FailurePayload } from "../crossing/dependency-message.ts";
import { ReceivedRequest, type RequestServices } from "../crossing/request-message.ts";
import { unpackThrown } from "../crossing/thrown.ts";
import type { ErrorHandlerWork } from "../crossing/work.ts";

/** What is there where an error handler runs. */
interface HandlerPlace {
  readonly handlers: ErrorHandlers;
  readonly services: RequestServices;
  readonly lane: SessionLane;
}

/** Answers an error of an operation that runs on the loop. */
export async function runErrorHandler(
  { id, declaration }: ErrorHandlerWork,
  { request, thrown, sessionText }: FailurePayload,
  { handlers, services, lane }: HandlerPlace,
): Promise<RawReply> {
  const exchange = new Exchange(id, new ReceivedRequest(request, services), lane);
  exchange.takeSession(sessionText);
  return callErrorHandler(declaration, exchange, unpackThrown(thrown, handlers));
}
