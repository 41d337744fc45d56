import type { WebSocket } from "ws";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import type { RawMessage, Room, Socket, SocketClosing } from "../../app/sockets/socket.ts";
import type { InvalidMessage } from "../../app/sockets/websocket.ts";
import { ValidationError } from "../../errors/http-error.ts";
import { checkClosing, closeReason, WebSocketError } from "../../errors/websocket-error.ts";
import type { EndOfMessage } from "../../lanes/sockets.ts";
import { type Frame, type MessageFormat, rawMessage } from "../../operation/messages.ts";
import type { RawReply } from "../../operation/raw.ts";
import { Inbox } from "./inbox.ts";
import { type Member, type Rooms, sendToRoom } from "./rooms.ts";

/** How much may be buffered for a client before an awaited send waits. */
const HIGH_WATER_BYTES = 16_384;

/** The value of `WebSocket.OPEN`; the package is loaded only where there is a websocket. */
const OPEN = 1;

/** What all sockets of one websocket have in common. */
export interface SocketParts {
  readonly format: MessageFormat;
  readonly rooms: Rooms;
  readonly bounds: ResolvedSettings["websockets"];
  /** Whether one function handles the whole socket rather than each message. */
  readonly isWhole: boolean;
  readonly onInvalid: ((invalid: InvalidMessage) => Promise<unknown>) | undefined;
}

/** The client of a socket. */
export interface SocketClient {
  readonly id: string;
  /** Called when a message is handed out. Returns a function to call when the message has been handled. */
  begin(): EndOfMessage;
  /** Answers the handshake, and hands over the connection at once. Rejects when the client has gone. */
  upgrade(take: (connection: WebSocket) => void): Promise<void>;
  /** Called when the connection is closed. */
  closed(): void;
}

/** A client's socket, from its handshake to its end. */
export class LiveSocket implements Socket, Member {
  readonly inbox: Inbox;
  readonly #parts: SocketParts;
  readonly #client: SocketClient;
  /** Created on demand, since they would be kept for each of many sockets. */
  #rooms: Set<string> | undefined;
  #closed: PromiseWithResolvers<SocketClosing> | undefined;
  #accepting: Promise<void> | undefined;
  #connection: WebSocket | undefined;
  #refusal: WebSocketError | undefined;
  #isLetIn = false;
  #closing: SocketClosing | undefined;
  /** Ends the run of the message that was handed out last. */
  #handled: EndOfMessage | undefined;

  constructor(parts: SocketParts, client: SocketClient) {
    this.#parts = parts;
    this.#client = client;
    this.inbox = new Inbox(parts.bounds.maxQueuedMessages);
  }

  get id(): string {
    return this.#client.id;
  }

  get closed(): Promise<SocketClosing> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      if (this.#closing !== undefined) this.#closed.resolve(this.#closing);
    }
    return this.#closed.promise;
  }

  get isOpen(): boolean {
    // The client may have begun to close the socket.
    return this.#connection?.readyState === OPEN && this.#closing === undefined;
  }

  get isAccepted(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether the app has let its client in, who may have left before the handshake was answered. */
  get isLetIn(): boolean {
    return this.#isLetIn;
  }

  get subprotocol(): string {
    return this.#connection?.protocol ?? "";
  }

  get rooms(): ReadonlySet<string> {
    this.#rooms ??= new Set();
    return this.#rooms;
  }

  accept(): Promise<void> {
    if (this.#connection !== undefined) return Promise.resolve();
    this.#accepting ??= this.#accept();
    return this.#accepting;
  }

  async receive(): Promise<RawMessage | undefined> {
    if (this.#connection === undefined) await this.accept();
    this.#handled?.();
    this.#handled = undefined;
    for (;;) {
      const frame = await this.inbox.next();
      if (frame === undefined) return undefined;
      try {
        const read = this.#parts.format.read(frame);
        const message = (read instanceof Promise ? await read : read) as RawMessage; // its type is the declared one
        this.#handled?.(); // of two receives at a time, the later message ends the run of the earlier one
        this.#handled = this.#client.begin();
        return message;
      } catch (thrown) {
        const { onInvalid } = this.#parts;
        if (onInvalid === undefined || !(thrown instanceof ValidationError)) throw thrown;
        await onInvalid(this.invalid(frame, thrown.details));
      }
    }
  }

  // Not a generator, which creates five promises for each message.
  [Symbol.asyncIterator](): AsyncIterator<RawMessage, undefined> {
    return {
      next: async () => {
        const message = await this.receive();
        return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
      },
    };
  }

  send(message: unknown): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#send(message).then(resolve, (thrown: unknown) => {
      // Nobody has to wait for a send, and a client that has left is nobody's error.
      if (isGone(thrown)) promise.catch(() => {});
      reject(thrown);
    });
    return promise;
  }

  async #send(message: unknown): Promise<void> {
    if (this.#connection === undefined) await this.accept();
    const written = this.#parts.format.write(message);
    const data = written instanceof Promise ? await written : written;
    const taken = data === undefined ? undefined : this.write(data, typeof data !== "string");
    if (taken !== undefined) await taken;
  }

  close(code = 1000, reason = ""): void {
    checkClosing("close a socket", code, reason);
    if (this.#connection === undefined) this.#refusal ??= new WebSocketError(code, reason);
    else this.end({ code, reason });
  }

  join(room: string): void {
    if (this.#closing !== undefined) return;
    this.#rooms ??= new Set();
    this.#rooms.add(room);
    if (this.#connection !== undefined) this.#parts.rooms.join(room, this);
  }

  leave(room: string): void {
    this.#rooms?.delete(room);
    this.#parts.rooms.leave(room, this);
  }

  to(room: string): Room {
    return { send: (message) => sendToRoom(this.#parts, room, message, this) };
  }

  /** The argument of `onInvalid`. */
  invalid(frame: Frame, details: InvalidMessage["details"]): InvalidMessage {
    return { socket: this, message: rawMessage(frame), details };
  }

  push(data: RawMessage): void {
    try {
      this.write(data, typeof data !== "string")?.catch(() => {});
    } catch {} // a socket that closes leaves its rooms by itself
  }

  /**
   * Sends an encoded message.
   *
   * @returns Resolves when the client has taken most of what was sent before; undefined when it already has.
   * @throws {DOMException} An `AbortError` when the socket is closed.
   */
  write(data: RawMessage, isBinary: boolean): Promise<void> | undefined {
    const connection = this.#connection;
    if (connection === undefined || !this.isOpen) throw gone();
    const waiting = connection.bufferedAmount;
    const { maxBufferBytes } = this.#parts.bounds;
    if (waiting > 0 && waiting + Buffer.byteLength(data) > maxBufferBytes) {
      this.cut({ code: 1008, reason: `The client has not taken ${waiting} bytes` });
      throw gone();
    }
    if (waiting < HIGH_WATER_BYTES) {
      connection.send(data, { binary: isBinary });
      return undefined;
    }
    return new Promise<void>((resolve, reject) => {
      connection.send(data, { binary: isBinary }, (error) => (error == null ? resolve() : reject(gone())));
    });
  }

  /** Closes the socket unless it is closed already: nothing more is sent or received. */
  end({ code, reason }: SocketClosing): void {
    if (this.#closing !== undefined || this.#connection === undefined) return;
    this.#connection.close(code, closeReason(reason));
    this.#leave({ code, reason });
    this.inbox.end(false);
    this.#connection.resume(); // frames before the client's close frame must be read
  }

  /** The handshake could not be answered: most likely the client has left. */
  abandon(): void {
    this.#leave(lost);
  }

  /** Asks the client whether it is still there. */
  ping(): void {
    this.#connection?.ping();
  }

  /**
   * Ends the run of the message being handled as failed. Where none is, as when a whole socket sends on its own or `close`
   * throws, an error is a run of its own, so that metrics and channels count it.
   */
  fail(reply: RawReply): void {
    const end = this.#handled ?? (reply.error && this.#client.begin());
    this.#handled = undefined;
    end?.(reply);
  }

  /** For shutdown: receives nothing more, and closes once the message being handled has been answered. */
  goAway(): void {
    this.inbox.end(false);
    if (this.#parts.isWhole) this.end(goingAway);
  }

  /** Cuts the connection: whatever the client has not taken is dropped. */
  cut(closing: SocketClosing): void {
    this.#leave(closing);
    this.inbox.end(false);
    this.#connection?.terminate();
  }

  async #accept(): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#isLetIn = true;
    await this.#client.upgrade((connection) => this.#attach(connection));
    this.#accepting = undefined;
  }

  #attach(connection: WebSocket): void {
    this.#connection = connection;
    this.inbox.open(connection);
    connection.on("message", (data, isBinary) => this.inbox.push({ bytes: data as Buffer, isBinary }));
    connection.on("close", (code, reason) => {
      this.#client.closed();
      this.#leave({ code, reason: reason.toString() });
      this.inbox.end(code !== 1006);
    });
    for (const room of this.#rooms ?? []) this.#parts.rooms.join(room, this);
  }

  #leave(closing: SocketClosing): void {
    if (this.#closing !== undefined) return;
    this.#handled?.();
    this.#handled = undefined;
    this.#closing = closing;
    for (const room of this.#rooms ?? []) this.#parts.rooms.leave(room, this);
    this.#closed?.resolve(closing);
  }
}

export const goingAway: SocketClosing = { code: 1001, reason: "The server shuts down" };
/** RFC 6455, section 7.1.5: no close frame has come. */
const lost: SocketClosing = { code: 1006, reason: "" };

function gone(): DOMException {
  return new DOMException("The socket is closed", "AbortError");
}

function isGone(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "AbortError";
}
