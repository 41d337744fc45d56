import type { ClientAddress } from "../app/context.ts";
import type { StandInValue } from "../app/dependency.ts";
import type { Log } from "../app/log.ts";
import type { Frame } from "../operation/messages.ts";
import type { EndedBy, QueryValues } from "../operation/raw.ts";
import type { ConnectedValues } from "../operation/run-message.ts";
import type { Caller, LaneRequest } from "./around.ts";
import { anySignal } from "./deadline.ts";

/** What a connection provides for its messages, on either lane. */
export interface Connected extends ConnectedValues {
  /** The values sent to a thread with each message, keyed by their path in its plan. */
  readonly sent: ReadonlyMap<string, StandInValue>;
}

/** A websocket message as the lanes take it: the request of its connection, with a signal of its own. */
export class MessageRequest implements LaneRequest {
  readonly body: undefined = undefined;
  readonly parts: undefined = undefined;
  readonly frame: Frame;
  readonly connected: Connected;
  readonly #connection: LaneRequest;
  #late: AbortController | undefined;
  #signal: AbortSignal | undefined;

  constructor(connection: LaneRequest, frame: Frame, connected: Connected) {
    this.#connection = connection;
    this.frame = frame;
    this.connected = connected;
  }

  get id(): string {
    return this.#connection.id;
  }

  get method(): string {
    return this.#connection.method;
  }

  get url(): string {
    return this.#connection.url;
  }

  get rootPath(): string {
    return this.#connection.rootPath;
  }

  get via(): string {
    return this.#connection.via;
  }

  get query(): QueryValues {
    return this.#connection.query;
  }

  get params(): LaneRequest["params"] {
    return this.#connection.params;
  }

  get headers(): readonly string[] {
    return this.#connection.headers;
  }

  get client(): ClientAddress {
    return this.#connection.client;
  }

  get log(): Log {
    return this.#connection.log;
  }

  get bindings(): object | undefined {
    return this.#connection.bindings;
  }

  setBindings(fields: object): void {
    this.log.setBindings(fields);
  }

  get message(): object {
    return this.#connection.message;
  }

  /** The messages of a connection run one after another. */
  get caller(): Caller | undefined {
    return this.#connection.caller;
  }

  set caller(caller: Caller | undefined) {
    this.#connection.caller = caller;
  }

  get isGone(): boolean {
    return this.#connection.isGone;
  }

  get hasClient(): boolean {
    return this.#connection.hasClient === true;
  }

  get endedBy(): EndedBy {
    return this.#connection.endedBy ?? "client";
  }

  /** Created on demand: most handlers never ask for it. */
  get signal(): AbortSignal {
    this.#late ??= new AbortController();
    this.#signal ??= anySignal([this.#connection.signal, this.#late.signal]);
    return this.#signal;
  }

  cancel(reason: unknown): void {
    this.#late ??= new AbortController();
    this.#late.abort(reason);
  }
}
