import type { Socket } from "../app/sockets/socket.ts";
import { ValidationError } from "../errors/http-error.ts";
import { withinLimit } from "../schema/details.ts";
import { parseBody } from "./body.ts";
import type { CompiledOperation } from "./compile.ts";
import { Exchange, RequestContext } from "./context.ts";
import { answerError, errorReply } from "./error-reply.ts";
import { allowHeaders, refuseHeaders } from "./handshake-over.ts";
import type { Failure } from "./open-dependencies.ts";
import type { PlannedResponse } from "./planned-response.ts";
import { discardBody, emptyReply, type HeaderPairs, type RawReply, type RawRequest } from "./raw.ts";
import { readInputs } from "./read.ts";
import { type OperationRun, RequestDependencies } from "./request-dependencies.ts";
import { answerFailure } from "./run.ts";
import type { Runtime } from "./runtime.ts";

/** What the functions of a websocket receive. */
export class ConnectionContext extends RequestContext {
  socket: Socket | undefined = undefined;
  #refusesHeaders = false;

  override get response(): PlannedResponse {
    const response = super.response as PlannedResponse;
    if (this.#refusesHeaders) refuseHeaders(response.headers, Exchange.operationOf(this));
    return response;
  }

  /** The headers of the answer to the handshake, with the session's cookie. Refuses changes from now on. */
  static answered(context: ConnectionContext): HeaderPairs {
    const { headers = [] } = context.sealed({ ...emptyReply, headers: context.chosenHeaders });
    context.#refusesHeaders = true;
    const planned = Exchange.plannedResponseOf(context);
    if (planned !== undefined) refuseHeaders(planned.headers, Exchange.operationOf(context));
    return headers;
  }

  /** Takes changes again, though they are not sent: error handlers and dependencies make them for requests, too. */
  static allowHeaders(context: ConnectionContext): void {
    context.#refusesHeaders = false;
    const planned = Exchange.plannedResponseOf(context);
    if (planned !== undefined) allowHeaders(planned.headers);
  }
}

/**
 * An operation whose dependencies stay open until it is ended, as those of a websocket's connection do. Between the two
 * nothing is awaited: promises and suspended functions would be kept for each of many sockets.
 */
export class OpenOperation implements OperationRun {
  readonly operation: CompiledOperation;
  readonly request: RawRequest;
  readonly runtime: Runtime;
  readonly context: ConnectionContext;
  readonly #dependencies: RequestDependencies | undefined;

  constructor(operation: CompiledOperation, request: RawRequest, runtime: Runtime) {
    this.operation = operation;
    this.request = request;
    this.runtime = runtime;
    this.context = new ConnectionContext(operation.declaration.id, request, runtime);
    this.#dependencies = operation.dependencies.length === 0 ? undefined : new RequestDependencies(this);
  }

  /**
   * Reads and validates the inputs, and creates the dependencies. Never rejects.
   *
   * @returns The reply to the failure, if there is one.
   */
  async open(): Promise<RawReply | undefined> {
    const { operation, request, context } = this;
    try {
      const body = parseBody(operation, request);
      await this.#dependencies?.create(body);
      const inputs = await readInputs(operation.inputs, request, body);
      const details = this.#dependencies?.joinDetails(inputs.details) ?? inputs.details;
      if (details !== undefined) throw new ValidationError(withinLimit(details, operation.bounds), body.json);
      context.acceptInputs(inputs);
      context.acceptSession(operation.declaration.inputs.session);
      this.#dependencies?.setValues(context, operation.plan);
      return undefined;
    } catch (thrown) {
      return answerFailure(this, this.#dependencies, thrown);
    }
  }

  /** Answers an error while the dependencies are still open. */
  async answer(error: unknown): Promise<RawReply> {
    ConnectionContext.allowHeaders(this.context);
    return answerError(this, error);
  }

  /**
   * Closes the dependencies, which see the failure. Never rejects: the reply has what went wrong, and what is left to do.
   *
   * @param answer - What the failure was answered with, if it was.
   */
  async end(failure: Failure | undefined, answer?: RawReply): Promise<RawReply> {
    const { context } = this;
    ConnectionContext.allowHeaders(context);
    if (failure !== undefined)
      return answer === undefined
        ? answerFailure(this, this.#dependencies, failure.error)
        : this.#endAnswered(failure.error, answer);
    try {
      const ended = { ...emptyReply, background: context.addedTasks };
      const isOpen = this.#dependencies?.areOpen === true;
      return context.withTasks(isOpen ? await this.#dependencies.closeAfterReply(ended) : ended);
    } catch (thrown) {
      return answerFailure(this, this.#dependencies, thrown);
    }
  }

  /** An error that a dependency throws in place of the answered one comes too late for another answer. */
  async #endAnswered(thrown: unknown, answer: RawReply): Promise<RawReply> {
    const isOpen = this.#dependencies?.areOpen === true;
    const { error } = isOpen ? await this.#dependencies.closeAfterError(thrown) : { error: thrown };
    if (error === thrown) return this.context.withTasks(answer);
    discardBody(answer);
    return this.context.withTasks(errorReply(error));
  }
}
