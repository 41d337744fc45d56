import type { Socket as NetSocket } from "node:net";
import type { WebSocket } from "ws";
import type { SocketClosing } from "../../app/sockets/socket.ts";
import { describeError } from "../../errors/described-error.ts";
import type { EndOfMessage } from "../../lanes/sockets.ts";
import { Exchange } from "../../operation/context.ts";
import { errorReply } from "../../operation/error-reply.ts";
import type { Failure } from "../../operation/open-dependencies.ts";
import { ConnectionContext, type OpenOperation } from "../../operation/open-operation.ts";
import { discardBody, type RawReply } from "../../operation/raw.ts";
import type { HttpRequest } from "../request.ts";
import { closingOf } from "./closing.ts";
import { followUp, isGivenUp, noteFailure, type SocketRun } from "./follow-up.ts";
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

  begin(): EndOfMessage {
    return this.#parts.runnable.begin(this.request);
  }

  async upgrade(take: (connection: WebSocket) => void): Promise<void> {
    const { context } = this.#opened as OpenOperation;
    const handshake = this.#handshake as Handshake;
    this.#handshake = undefined;
    await handshake.answer(ConnectionContext.answered(context), this.socket, (connection) => {
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
    if (this.request.isGone && this.socket.isOpen) this.socket.end(goingAway);
    if (this.#parts.runnable.declaration.functions.close === undefined) return this.#end(failure);
    // `close` receives how the socket ended, and may use the dependencies: these see the failure after it.
    const answer = failure && (await this.#answer(failure.error));
    const late = await this.#callClose();
    if (failure !== undefined && late !== undefined)
      await noteFailure(this.#parts.lanes, this.#run, errorReply(late.error));
    return this.#end(failure ?? late, answer);
  }

  #accept(opened: OpenOperation): Promise<void> {
    const { context } = opened;
    context.socket = this.socket;
    this.#opened = opened;
    return new Promise((resolve, reject) => {
      this.#onAccepted = resolve;
      this.#live(context).catch(async (thrown: unknown) => {
        const error = Exchange.explained(context, thrown);
        if (this.socket.isAccepted) await this.end({ error });
        else reject(await this.#leftBefore(error));
      });
    });
  }

  /**
   * Ends one whose handshake was not answered. If `open` has let the client in, and may have counted it, `close` is
   * called: the client has left. It is not called for a client that `open` has refused.
   *
   * @returns The error that refuses the handshake.
   */
  async #leftBefore(error: unknown): Promise<unknown> {
    if (!this.socket.isLetIn) return error;
    this.socket.abandon();
    const late = await this.#callClose();
    return late === undefined ? error : late.error;
  }

  /** Calls `close`, once for each client that was let in. */
  async #callClose(): Promise<Failure | undefined> {
    const { close } = this.#parts.runnable.declaration.functions;
    const { context } = this.#opened as OpenOperation;
    try {
      await close?.(Object.assign(context, await this.socket.closed));
      return undefined;
    } catch (thrown) {
      return { error: Exchange.explained(context, thrown) };
    }
  }

  /** Closes it as an error says. Returns the answer to the error; undefined where nobody is left to tell. */
  async #answer(error: unknown): Promise<RawReply | undefined> {
    if (isGivenUp(this, { error: describeError(error) })) return undefined;
    const answer = await (this.#opened as OpenOperation).answer(error);
    if (this.socket.isOpen) this.socket.end(closingOf(answer) ?? normal);
    return answer;
  }

  async #live(context: ConnectionContext): Promise<void> {
    const { declaration } = this.#parts.runnable;
    const { whole, open } = declaration.functions;
    await (whole ?? open)?.(context);
    await this.socket.accept();
    if (whole !== undefined) return this.#end(undefined);
    this.socket.inbox.handleEach(new SocketMessages(this.#parts, this, context));
  }

  async #end(failure: Failure | undefined, answer?: RawReply): Promise<void> {
    const { runnable, sockets } = this.#parts;
    try {
      await this.#leave(await runnable.close(this.#opened as OpenOperation, failure, answer), answer);
    } finally {
      sockets.ended();
    }
  }

  /** Reports its error, closes it, then runs its background tasks and closes its dependencies. */
  async #leave(reply: RawReply, answer: RawReply | undefined): Promise<void> {
    const { error, status } = reply;
    const { lanes } = this.#parts;
    const isGone = answer === undefined && isGivenUp(this, reply);
    if (status !== 200 && !isGone) this.socket.fail(reply);
    if (error !== undefined && !isGone) await noteFailure(lanes, this.#run, reply);
    this.socket.end((status === 200 ? undefined : closingOf(reply)) ?? normal);
    discardBody(reply);
    followUp(lanes, this.#run, reply);
  }

  get #run(): SocketRun {
    return { operation: this.#parts.runnable.declaration.connection, request: this.request };
  }
}

const normal: SocketClosing = { code: 1000, reason: "" };
