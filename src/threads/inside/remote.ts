import type { ErrorHandlers } from "../../app/error-handlers.ts";
import type { AnyFunction } from "../../app/lane.ts";
import { DependencyContext, Exchange } from "../../operation/context.ts";
import { callErrorHandler } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";
import type { DependencyPayload, DependencyResult, FailurePayload } from "../crossing/dependency-message.ts";
import { nameCalls } from "../crossing/reply-message.ts";
import { type CallServices, ReceivedRequest, type RequestServices } from "../crossing/request-message.ts";
import { packThrown, type TaskOutcome, unpackThrown } from "../crossing/thrown.ts";
import type { DependencyWork, ErrorHandlerWork } from "../crossing/work.ts";

/** Makes a dependency of an operation that runs on the loop. */
export async function runDependency(
  { declaration }: DependencyWork,
  { operation, request, inputs, values }: DependencyPayload,
  handlers: ErrorHandlers,
  services: CallServices,
): Promise<TaskOutcome> {
  const received = new ReceivedRequest(request, services.begin(request[0], operation));
  const exchange = new Exchange(operation, received, true);
  const context = Object.assign(new DependencyContext(exchange, inputs), values);
  try {
    const value = await (declaration.fn as AnyFunction)(context);
    const background = nameCalls(exchange.addedTasks);
    const result: DependencyResult = {
      value,
      background,
      status: exchange.chosenStatus,
      headers: exchange.chosenHeaders,
    };
    return [true, result];
  } catch (thrown) {
    return [false, packThrown(thrown, handlers)];
  }
}

/** Answers an error of an operation that runs on the loop. */
export async function runErrorHandler(
  { id, declaration }: ErrorHandlerWork,
  { request, thrown }: FailurePayload,
  handlers: ErrorHandlers,
  services: RequestServices,
): Promise<RawReply> {
  const exchange = new Exchange(id, new ReceivedRequest(request, services), true);
  return callErrorHandler(declaration, exchange, unpackThrown(thrown, handlers));
}
