/** A message as it was sent: text or bytes. */
export type RawMessage = string | Uint8Array;

/** How a socket was closed. */
export interface SocketClosing {
  /** The code of the close frame; 1006 where none came because the client has gone. */
  readonly code: number;
  /** The reason given with it. */
  readonly reason: string;
}

/** The sockets in a room: all of them, or all but the one that sends. */
export interface Room<Sent = unknown> {
  /**
   * Sends a message to each of them. Nobody waits for a slow one: past `websockets.maxBufferBytes` it is closed.
   *
   * @throws {OffloopError} `OFFLOOP_RESPONSE_INVALID` when the message does not fit the `send` schema;
   * `OFFLOOP_SOCKET_LANE` on a thread.
   */
  send(message: Sent): Promise<void>;
}

/**
 * A client's WebSocket, on the event loop: Starlette's `WebSocket`. The handshake is answered when the handler first
 * receives or sends, or when its `open` has returned; an error before that is an HTTP response.
 *
 * @typeParam Received - The type of its messages: the output of the `message` schema; text or bytes without one.
 * @typeParam Sent - The type that may be sent: the input of the `send` schema.
 */
export interface Socket<Received = RawMessage, Sent = unknown> extends AsyncIterable<Received> {
  /** The id of its request, as in the log. */
  readonly id: string;
  /** Whether messages can be sent. */
  readonly isOpen: boolean;
  /** The agreed subprotocol; empty for none, and before the handshake. */
  readonly subprotocol: string;
  /** The rooms it is in; once it is closed, those it was in. */
  readonly rooms: ReadonlySet<string>;
  /** Resolves when it is closed, by either side. */
  readonly closed: Promise<SocketClosing>;
  /**
   * Answers the handshake, with the headers and cookies that `response` has at that moment. `receive` and `send` do
   * this by themselves.
   *
   * @throws {DOMException} An `AbortError` when the client has gone.
   */
  accept(): Promise<void>;
  /**
   * The next message; undefined when the socket is closed. A message that does not fit the `message` schema closes the
   * socket with 1007 or 1008, unless there is an `onInvalid`.
   */
  receive(): Promise<Received | undefined>;
  /**
   * Sends a message: text, bytes, or anything else as JSON; with a `send` schema everything but bytes is sent as JSON.
   * Await it for back-pressure: it resolves when the client has taken most of what was sent before.
   *
   * @throws {OffloopError} `OFFLOOP_RESPONSE_INVALID` when the message does not fit the `send` schema.
   * @throws {DOMException} An `AbortError` when the socket is closed.
   */
  send(message: Sent): Promise<void>;
  /**
   * Closes it. Before the handshake, refuses it with 403, as Starlette does.
   *
   * @param code - 1000, 1001, 1003, 1007-1014, or 3000-4999 for your own. Default 1000.
   * @param reason - A text for people, cut off after 123 bytes of UTF-8. Default none.
   * @throws {OffloopError} `OFFLOOP_REPLY_INVALID` for another code, and for a reason that is not a text.
   */
  close(code?: number, reason?: string): void;
  /** Adds it to a room of its operation. Rooms belong to this process: other workers and machines have their own. */
  join(room: string): void;
  /** Removes it from a room. A socket that closes leaves all its rooms. */
  leave(room: string): void;
  /** The other sockets in a room. */
  to(room: string): Room<Sent>;
}
