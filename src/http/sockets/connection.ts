import type { Socket as NetSocket } from "node:net";
import type { WebSocket } from "ws";
import type { SocketClosing } from "../../app/socket.ts";
import type { Failure } from "../../operation/open-dependencies.ts";
import type { ConnectionContext, OpenOperation } from "../../operation/open-operation.ts";
import { discardBody, emptyReply, type HeaderPairs, type RawReply } from "../../operation/raw.ts";
import type { HttpRequest } from "../request.ts";
import { closingOf } from "./closing.ts";
import { followUp, noteFailure } from "./follow-up.ts";
import type { Handshake } from "./handshake.ts";
import { goingAway, LiveSocket, type SocketClient, type SocketParts } from "./live-socket.ts";
import { type MessageConnection, type MessageParts, SocketMessages } from "./messages.ts";
import type { OpenSockets, WatchedConnection } from "./open-sockets.ts";

/** What all connections of one websocket have in common. */
export interface ConnectionParts extends SocketParts, MessageParts {
  readonly sockets: OpenSockets;
}

/**
 * A client's connection to a websocket, from its handshake until its dependencies are closed: calls the functions of the
 * websocket. While a client is silent nothing is pending, since that would be kept for each of many.
 */
export class Connection implements SocketClient, MessageConnection, WatchedConnection {
  readonly request: HttpRequest;
  readonly socket: LiveSocket;
  readonly #parts: ConnectionParts;
  #handshake: Handshake | undefined;
  #opened: OpenOperation | undefined;
  #onAccepted: (() => void) | undefined;

  constructor(parts: ConnectionParts, request: HttpRequest, handshake: Handshake) {
    this.#parts = parts;
    this.request = request;
    this.#handshake = handshake;
    this.socket = new LiveSocket(parts, this);
  }

  get id(): string {
    return this.request.id;
  }

  get bytes(): Partial<Pick<NetSocket, "bytesRead">> {
    return this.request.message.socket;
  }

  get isPaused(): boolean {
    return this.socket.inbox.isPaused;
  }

  /**
   * Reads its inputs, creates its dependencies, and lets the functions of the websocket accept it.
   *
   * @returns The reply that refuses the handshake; undefined once it is accepted.
   */
  open(): Promise<RawReply | undefined> {
    return this.#parts.runnable.open(this.request, (opened) => this.#accept(opened));
  }

  begin(): () => void {
    return this.#parts.runnable.begin(this.request);
  }

  async upgrade(take: (connection: WebSocket) => void): Promise<void> {
    const { context } = this.#opened as OpenOperation;
    const handshake = this.#handshake as Handshake;
    this.#handshake = undefined;
    await handshake.answer(headersOf(context), (connection) => {
      take(connection);
      this.#parts.sockets.add(this);
      this.#onAccepted?.();
      this.#onAccepted = undefined;
    });
  }

  closed(): void {
    this.#parts.sockets.remove(this);
  }

  ping(): void {
    this.socket.ping();
  }

  goAway(): void {
    this.request.shutDown();
    this.socket.goAway();
  }

  cut(closing: SocketClosing): void {
    this.socket.cut(closing);
  }

  async end(failure: Failure | undefined): Promise<void> {
    if (failure !== undefined) return this.#end(failure);
    const { close } = this.#parts.runnable.declaration.functions;
    const { context } = this.#opened as OpenOperation;
    if (this.request.isGone) this.socket.end(goingAway);
    try {
      await close?.(Object.assign(context, await this.socket.closed));
    } catch (error) {
      return this.#end({ error });
    }
    return this.#end(undefined);
  }

  #accept(opened: OpenOperation): Promise<void> {
    const { context } = opened;
    context.socket = this.socket;
    this.#opened = opened;
    return new Promise((resolve, reject) => {
      this.#onAccepted = resolve;
      this.#live(context).catch((error: unknown) =>
        this.socket.isAccepted ? this.#end({ error }) : reject(error),
      );
    });
  }

  async #live(context: ConnectionContext): Promise<void> {
    const { declaration } = this.#parts.runnable;
    const { whole, open } = declaration.functions;
    await (whole ?? open)?.(context);
    await this.socket.accept();
    if (whole !== undefined) return this.#end(undefined);
    this.socket.inbox.handleEach(new SocketMessages(this.#parts, this, context));
  }

  async #end(failure: Failure | undefined): Promise<void> {
    const { runnable, sockets } = this.#parts;
    try {
      await this.#leave(await runnable.close(this.#opened as OpenOperation, failure));
    } finally {
      sockets.ended();
    }
  }

  /** Reports its error, closes it, then runs its background tasks and closes its dependencies. */
  async #leave(reply: RawReply): Promise<void> {
    const { error, status } = reply;
    const { lanes, runnable } = this.#parts;
    const run = { operation: runnable.declaration.connection, request: this.request };
    // Code that waits for a client, or passes `signal` on, learns through an error that the client has gone.
    if (error !== undefined && (error.type !== "AbortError" || this.socket.isOpen))
      await noteFailure(lanes, run, reply);
    this.socket.end((status === 200 ? undefined : closingOf(reply)) ?? { code: 1000, reason: "" });
    discardBody(reply);
    followUp(lanes, run, reply);
  }
}

/** The headers of the answer to a handshake, including the session cookie, which cannot change after that. */
function headersOf(context: ConnectionContext): HeaderPairs {
  return context.sealed({ ...emptyReply, headers: context.chosenHeaders }).headers ?? [];
}
