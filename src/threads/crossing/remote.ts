import type { ErrorHandlers } from "../../app/error-handlers.ts";
import type { AnyFunction } from "../../app/lane.ts";
import { DependencyContext, Exchange } from "../../operation/context.ts";
import { callErrorHandler } from "../../operation/error-reply.ts";
import type { HeaderPairs } from "../../operation/raw.ts";
import type { ReadInputs } from "../../operation/read.ts";
import { type NamedCall, nameCalls, type Packed, packReply, type ReplyPayload } from "./reply-message.ts";
import { type CallServices, ReceivedRequest, type RequestPayload } from "./request-message.ts";
import { packThrown, type TaskOutcome, type Thrown, unpackThrown } from "./thrown.ts";
import type { DependencyWork, ErrorHandlerWork } from "./work.ts";

/** A dependency to be made on a thread, as it crosses. */
export interface DependencyPayload {
  readonly operation: string;
  readonly request: RequestPayload;
  readonly inputs: ReadInputs;
  /** What it needs itself, by name. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a dependency gives, and what it has said about the response meanwhile. */
export interface DependencyResult {
  readonly value: unknown;
  readonly background: readonly NamedCall[] | undefined;
  readonly status: number | undefined;
  readonly headers: HeaderPairs | undefined;
}

/** In a thread: makes a dependency of an operation that runs on the loop. */
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

/** An error to be answered on a thread, as it crosses. */
export interface FailurePayload {
  readonly request: RequestPayload;
  readonly thrown: Thrown;
}

/** In a thread: answers an error of an operation that runs on the loop. */
export async function runErrorHandler(
  { id, declaration }: ErrorHandlerWork,
  { request, thrown }: FailurePayload,
  handlers: ErrorHandlers,
  services: CallServices,
): Promise<Packed<ReplyPayload>> {
  const exchange = new Exchange(id, new ReceivedRequest(request, services.begin(request[0], id)), true);
  return packReply(await callErrorHandler(declaration, exchange, unpackThrown(thrown, handlers)));
}
