import type { ValidationDetail } from "../../errors/http-error.ts";
import type { AnySchema, InputOf, OutputOf, Schemas } from "../../schema/schema.ts";
import type { Context, Declared, NoNames } from "../context.ts";
import type { Dependencies } from "../dependency.ts";
import type { InputOptions } from "../inputs.ts";
import type { Lane } from "../lane.ts";
import type { CheckedOptions } from "../option-names.ts";
import type { PathWithin } from "../path.ts";
import type { OperationHandle } from "../urls.ts";
import type { RawMessage, Room, Socket, SocketClosing } from "./socket.ts";

/** The options of a websocket. */
export interface WebSocketOptions
  extends Pick<InputOptions, "params" | "query" | "headers" | "cookies" | "session"> {
  /**
   * Its dependencies, by the names under which it receives them, after those of its routers. They stay open as long as
   * the socket.
   */
  readonly deps?: Dependencies;
  /**
   * What clients send, as JSON: a message that does not fit closes the socket, unless there is an `onInvalid`. The
   * schema receives bytes unparsed. Default: any text, any bytes.
   */
  readonly message?: AnySchema;
  /**
   * Whether the values of messages are taken as they are, as in pydantic's strict mode: `true`, `"7"` and `7.0` are no
   * integers, and `1` is no boolean. Default: the app's `inputs.strictTypes`.
   */
  readonly strictTypes?: boolean | undefined;
  /**
   * What you send, as JSON: anything else is a mistake, which is logged and closes the socket with
   * 1011. Default: anything.
   */
  readonly send?: AnySchema;
  /**
   * Called with a message that does not fit; the socket stays open. Async. Default: the socket
   * is closed with the reason.
   */
  readonly onInvalid?: ((invalid: InvalidMessage) => Promise<unknown>) | undefined;
  /** The subprotocols it speaks, the preferred one first: the first of them that a client offers is chosen. Default none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** Where messages are handled. Default, by the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane | undefined;
  /**
   * How long `message` may run; after that the socket is closed with 1011. On a thread the call is ended and the thread
   * replaced; on the loop `signal` aborts. Milliseconds, 1-86,400,000. Default: the app's `timeouts.operationMs`.
   */
  readonly timeoutMs?: number | undefined;
}

/** The names of all these options. */
export const webSocketOptionNames: Readonly<Record<keyof WebSocketOptions, true>> = {
  params: true,
  query: true,
  headers: true,
  cookies: true,
  session: true,
  deps: true,
  message: true,
  strictTypes: true,
  send: true,
  onInvalid: true,
  subprotocols: true,
  runs: true,
  timeoutMs: true,
};

/** A message that does not fit its schema. */
export interface InvalidMessage {
  /** The socket that received it. */
  readonly socket: Socket;
  /** The message as it was sent. */
  readonly message: RawMessage;
  /** What is wrong with it, in the form of a 422. */
  readonly details: readonly ValidationDetail[];
}

/** The type of a socket's messages. */
type Received<S> = S extends { readonly message: infer M extends AnySchema } ? OutputOf<M> : RawMessage;

/** The type that may be sent. */
type Sent<S> = S extends { readonly send: infer M extends AnySchema } ? InputOf<M> : unknown;

/** What every function of a websocket receives, apart from its socket. */
type WithoutSocket<Path extends string, S extends WebSocketOptions, Outer extends Dependencies> = Omit<
  Context<Path, S, Outer>,
  "body" | "form"
>;

/** What the functions of a websocket that run on the loop receive. */
export type SocketContext<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = WithoutSocket<Path, S, Outer> & {
  /** The client's socket. Plain functions do not receive it: it cannot cross to a thread. */
  readonly socket: Socket<Received<S>, Sent<S>>;
};

/** What the `message` function receives. */
export type MessageContext<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = SocketContext<Path, S, Outer> & {
  /** The validated message. */
  readonly message: Received<S>;
};

/** A handler for the whole socket, in FastAPI's form: the socket is closed when the function returns. Async. */
export type WholeSocket<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = (context: SocketContext<Path, S, Outer>) => Promise<unknown>;

/** Handlers for a socket's messages. */
export interface SocketHandlers<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> {
  /** Called before the handshake, which is answered once it has returned; it may refuse: `HTTPError`. Async. */
  readonly open?: (context: SocketContext<Path, S, Outer>) => Promise<unknown>;
  /**
   * Called with each message, one at a time for each socket, in order. What it returns or yields is sent,
   * unless undefined. Async: on the event loop. Plain: on a thread, without `socket`, with its plain
   * dependencies created there.
   */
  readonly message: (
    context: MessageContext<Path, S, Outer>,
  ) => MessageResult<Declared<S, "send", undefined>>;
  /**
   * Called when the socket has been closed, by either side: once for each client that was let in, because `open` has
   * returned, or has accepted, sent or received. A client that left before its handshake was answered has the code 1006.
   * Async.
   */
  readonly close?: (context: SocketContext<Path, S, Outer> & SocketClosing) => Promise<unknown>;
}

type MessageResult<R> = R extends AnySchema ? Answer<InputOf<R>> : unknown;
// biome-ignore-start lint/suspicious/noExplicitAny: what a generator returns or is sent does not matter here
type Answer<Message> =
  | Message
  | undefined
  | void
  | Promise<Message | undefined | void>
  | AsyncGenerator<Message | undefined, any, any>
  | Generator<Message | undefined, any, any>;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/**
 * A declared websocket: what `app.websocket` returns. With it anything on the event loop sends to the rooms of the
 * websocket: an async operation, an async task, a timer. `urlFor` makes a URL of it.
 *
 * @typeParam Sent - The type that may be sent: the input of the `send` schema.
 * @typeParam Path - Its path.
 * @typeParam Params - The schemas of its path parameters.
 * @example
 * ```ts
 * import { App } from "offloop";
 * import { z } from "zod";
 *
 * const Note = z.object({ text: z.string() });
 *
 * const app = new App();
 * const live = app.websocket("/rooms/:room", { send: Note }, {
 *   open: async ({ socket, params }) => socket.join(params.room),
 *   message: async () => undefined,
 * });
 *
 * app.post("/rooms/:room/notes", { body: Note, status: 201 }, async ({ params, body }) => {
 *   await live.to(params.room).send(body);
 *   return body;
 * });
 * ```
 */
export interface WebSocketHandle<Sent = unknown, Path extends string = string, Params = Schemas>
  extends OperationHandle<Path, Params> {
  /**
   * Everyone in a room of this websocket, in this process; `socket.to` leaves out its own socket. Where the app is not
   * served, or nobody is in the room, a message reaches nobody, and that is no error.
   *
   * On a thread, its `send` throws `OFFLOOP_SOCKET_LANE`: sockets live on the event loop.
   *
   * @param room - The name that sockets have joined: `socket.join(room)`.
   */
  to(room: string): Room<Sent>;
}

/**
 * What handles a websocket. A condition, since only then is `send` known while the result of `message` is inferred: a
 * literal stays one.
 */
type SocketFunctions<
  Path extends string,
  S extends WebSocketOptions,
  Outer extends Dependencies,
> = S extends unknown ? WholeSocket<Path, S, Outer> | SocketHandlers<Path, S, Outer> : never;

/** Adds a websocket. */
export interface AddWebSocket<Outer extends Dependencies = NoNames, Prefix extends string = string> {
  /** A websocket that declares only its path. */
  <Path extends string>(
    path: Path,
    handler:
      | WholeSocket<PathWithin<Prefix, Path>, NoNames, Outer>
      | SocketHandlers<PathWithin<Prefix, Path>, NoNames, Outer>,
  ): WebSocketHandle<unknown, Path, NoNames>;
  /** A websocket that declares its inputs, its dependencies, and its messages. */
  <Path extends string, const S extends WebSocketOptions>(
    path: Path,
    options: S & CheckedOptions<S, keyof WebSocketOptions>,
    handler: SocketFunctions<PathWithin<Prefix, Path>, S, Outer>,
  ): WebSocketHandle<Sent<S>, Path, Declared<S, "params", NoNames>>;
}
