import type { BaseContext, RequestInfo, ResponseInfo } from "../app/context.ts";
import type { Inputs } from "../app/inputs.ts";
import type { Log } from "../app/log.ts";
import type { Session } from "../app/session.ts";
import { Background } from "../app/tasks/background.ts";
import type { Urls } from "../app/urls.ts";
import { explainFrozen } from "./handshake-over.ts";
import { PlannedResponse } from "./planned-response.ts";
import { type HeaderPairs, isReady, type RawReply, type RawRequest } from "./raw.ts";
import type { ReadInputs } from "./read.ts";
import { ReceivedRequestInfo } from "./request-info.ts";
import { OpenSession, type SessionLane, type SessionState, sessionUnset, withSession } from "./session.ts";

/** Where something runs. */
export interface Place extends SessionLane {
  /** The paths of what is served. */
  readonly urls: Urls;
}

/**
 * One request and its future response, shared by the handler and everything it needs. Whatever few of them use is
 * created on demand.
 */
export class Exchange {
  readonly #request: RawRequest;
  readonly #operation: string;
  readonly #place: Place;
  #session: OpenSession | undefined;
  #keptSession: SessionState | undefined;
  #isSessionOver = false;
  #background: Background | undefined;
  #response: PlannedResponse | undefined;
  #info: RequestInfo | undefined;
  #isOver = false;

  constructor(operation: string, request: RawRequest, place: Place) {
    this.#request = request;
    this.#operation = operation;
    this.#place = place;
  }

  get session(): Session {
    return this.#openSession().data;
  }

  /** @throws {HTTPError} 401 when the session lacks a declared value. */
  acceptSession(declared: Inputs["session"]): void {
    if (declared !== undefined) this.#openSession().accept(declared);
  }

  /** The session as it is now; undefined when nobody has asked for it. */
  get sessionState(): SessionState | undefined {
    return this.#session?.state;
  }

  /** The same, and freezes it: later changes would not be kept. */
  endSession(): SessionState | undefined {
    this.#isSessionOver = true;
    this.#session?.end();
    return this.#session?.state;
  }

  /** Takes over the session's state from elsewhere; undefined when nobody has asked for it there. */
  takeSession(state: SessionState | undefined): void {
    if (state !== undefined) this.#openSession().take(state);
  }

  /** Sets the session to what an earlier exchange has left, if that exchange has read it: changes would not be kept. */
  keepSession(state: SessionState | undefined): void {
    this.#keptSession = state;
    this.#isSessionOver = true;
  }

  /** A reply that includes the session, which can no longer be changed. */
  sealed(reply: RawReply): RawReply {
    this.#isSessionOver = true;
    return this.#session === undefined ? reply : withSession(reply, this.#session, this.#operation);
  }

  #openSession(): OpenSession {
    const { sessions } = this.#place;
    if (sessions === undefined) throw sessionUnset(this.#operation);
    if (this.#session === undefined) {
      this.#session = new OpenSession(sessions, this.#request);
      if (this.#keptSession !== undefined) this.#session.take(this.#keptSession);
      if (this.#isSessionOver) this.#session.endUnseen();
    }
    return this.#session;
  }

  get background(): Background {
    if (this.#background === undefined) {
      this.#background = new Background(this.#operation, this.#place.inThread);
      if (this.#isOver) this.#background.end();
    }
    return this.#background;
  }

  get log(): Log {
    return this.#request.log;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get response(): ResponseInfo {
    this.#response ??= new PlannedResponse();
    return this.#response;
  }

  get request(): RequestInfo {
    this.#info ??= new ReceivedRequestInfo(this.#request, this.#place.urls);
    return this.#info;
  }

  /** Whether it is too late to add a task. */
  get refusesTasks(): boolean {
    return this.#isOver;
  }

  /** Refuses tasks from now on: nobody would run them. */
  endBackground(): void {
    this.#isOver = true;
    this.#background?.end();
  }

  /**
   * The same reply. Its tasks may grow while its body is being produced, and, here, while they run. Where neither is to
   * come, tasks are refused from now on, so that none is lost.
   */
  withTasks(reply: RawReply): RawReply {
    const isMade = isReady(reply.body);
    const isKept = !this.#place.inThread && reply.background !== undefined;
    if (isMade && !isKept) {
      this.endBackground();
      return reply;
    }
    const background = reply.background ?? this.background.calls;
    return { ...reply, background, endTasks: this.#endingWith(reply) };
  }

  /** The same for a reply that was made inside: its tasks run first, and may grow as before. */
  withTasksAfter(reply: RawReply): RawReply {
    const { addedTasks } = this;
    if (reply.background === undefined)
      return this.withTasks(addedTasks === undefined ? reply : { ...reply, background: addedTasks });
    this.background.follow(reply.background);
    return { ...reply, endTasks: this.#endingWith(reply) };
  }

  #endingWith({ endTasks }: RawReply): () => void {
    return () => {
      endTasks?.();
      this.endBackground();
    };
  }

  /** The added tasks, if any. */
  get addedTasks(): Background["calls"] | undefined {
    return this.#background?.calls;
  }

  // These are static, since handlers receive an exchange with their dependencies, of any name.

  static requestOf(exchange: Exchange): RawRequest {
    return exchange.#request;
  }

  static operationOf(exchange: Exchange): string {
    return exchange.#operation;
  }

  /** The response, if anybody has asked for it. */
  static plannedResponseOf(exchange: Exchange): PlannedResponse | undefined {
    return exchange.#response;
  }

  /** Names the error of code that has changed the session too late. */
  static explained(exchange: Exchange, thrown: unknown): unknown {
    const session = exchange.#isSessionOver ? exchange.#session : undefined;
    return session === undefined ? thrown : explainFrozen(thrown, session.data, exchange.#operation);
  }

  /** The status that was set, if any. */
  get chosenStatus(): number | undefined {
    return this.#response?.chosen;
  }

  /** The headers that were set, if any. */
  get chosenHeaders(): HeaderPairs | undefined {
    return this.#response?.pairs();
  }
}

/** A dependency called `session` takes the place of the received session. */
function replaceSession(context: object, value: unknown): void {
  Object.defineProperty(context, "session", {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** What any operation's handler receives, and what it leaves behind. */
export class RequestContext extends Exchange implements BaseContext {
  params: Record<string, unknown> | undefined = undefined;
  query: unknown = undefined;
  headers: unknown = undefined;
  cookies: unknown = undefined;
  body: unknown = undefined;
  form: unknown = undefined;

  override get session(): Session {
    return super.session;
  }

  override set session(value: unknown) {
    replaceSession(this, value);
  }

  /** Takes in the read inputs once they are valid. */
  acceptInputs({ params, query, headers, cookies, body, form }: ReadInputs): void {
    this.params = params;
    this.query = query;
    this.headers = headers;
    this.cookies = cookies;
    this.body = body;
    this.form = form;
  }
}

/** What a dependency receives: its own inputs, and the exchange of the request. */
export class DependencyContext implements BaseContext {
  readonly params: Record<string, unknown>;
  readonly query: unknown;
  readonly headers: unknown;
  readonly cookies: unknown;
  readonly body: unknown;
  readonly form: unknown;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, inputs: Omit<ReadInputs, "details">) {
    this.params = inputs.params;
    this.query = inputs.query;
    this.headers = inputs.headers;
    this.cookies = inputs.cookies;
    this.body = inputs.body;
    this.form = inputs.form;
    this.#exchange = exchange;
  }

  get background(): Background {
    return this.#exchange.background;
  }

  get log(): Log {
    return this.#exchange.log;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  get request(): RequestInfo {
    return this.#exchange.request;
  }

  get response(): ResponseInfo {
    return this.#exchange.response;
  }

  /** The id of the operation that receives it. */
  static operationOf(context: DependencyContext): string {
    return Exchange.operationOf(context.#exchange);
  }

  get session(): Session {
    return this.#exchange.session;
  }

  set session(value: unknown) {
    replaceSession(this, value);
  }
}
