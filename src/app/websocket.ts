import type { ValidationDetail } from "../errors/http-error.ts";
import type { AnySchema, InputOf, OutputOf } from "../schema/schema.ts";
import type { Context, Declared, NoNames } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import type { InputOptions } from "./inputs.ts";
import type { Lane } from "./lane.ts";
import type { CheckedOptions } from "./option-names.ts";
import type { RawMessage, Socket, SocketClosing } from "./socket.ts";

/** What a websocket declares. */
export interface WebSocketOptions
  extends Pick<InputOptions, "params" | "query" | "headers" | "cookies" | "session"> {
  /** What it needs, by the name under which it receives it, after what its routers need. Open as long as the socket. */
  readonly deps?: Dependencies;
  /**
   * What clients send, as JSON: what does not fit closes the socket, unless there is an `onInvalid`. Bytes reach it as
   * they are. Default: any text, any bytes.
   */
  readonly message?: AnySchema;
  /** What is sent, as JSON: anything else is a mistake, logged, and closes the socket with 1011. Default: anything. */
  readonly send?: AnySchema;
  /** Called with a message that does not fit; the socket stays open. Async. Default: the socket is closed with the reason. */
  readonly onInvalid?: (invalid: InvalidMessage) => Promise<unknown>;
  /** The subprotocols it speaks, the preferred one first: the first that a client offers is agreed on. Default none. */
  readonly subprotocols?: readonly string[];
  /** Where messages are handled, against the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane;
  /**
   * How long `message` may run; past it the socket is closed with 1011. On a thread the call is ended and the thread
   * replaced; on the loop `signal` aborts. Milliseconds, 1-86,400,000. Default: the app's `timeouts.operationMs`.
   */
  readonly timeoutMs?: number;
}

/** The names of all of them. */
export const webSocketOptionNames: Readonly<Record<keyof WebSocketOptions, true>> = {
  params: true,
  query: true,
  headers: true,
  cookies: true,
  session: true,
  deps: true,
  message: true,
  send: true,
  onInvalid: true,
  subprotocols: true,
  runs: true,
  timeoutMs: true,
};

/** A message that does not fit its schema. */
export interface InvalidMessage {
  /** The socket that it came through. */
  readonly socket: Socket;
  /** The message as it came. */
  readonly message: RawMessage;
  /** What is wrong with it, as a 422 says it. */
  readonly details: readonly ValidationDetail[];
}

/** What the messages of a socket are. */
type Received<S> = S extends { readonly message: infer M extends AnySchema } ? OutputOf<M> : RawMessage;

/** What may be sent. */
type Sent<S> = S extends { readonly send: infer M extends AnySchema } ? InputOf<M> : unknown;

/** What every function of a websocket receives, its socket aside. */
type WithoutSocket<Path extends string, S extends WebSocketOptions, Outer extends Dependencies> = Omit<
  Context<Path, S, Outer>,
  "body" | "form"
>;

/** What the functions of a websocket receive that run on the loop. */
export type SocketContext<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = WithoutSocket<Path, S, Outer> & {
  /** The client's socket. Not in a plain function: it does not cross to a thread. */
  readonly socket: Socket<Received<S>, Sent<S>>;
};

/** What the `message` function receives. */
export type MessageContext<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = SocketContext<Path, S, Outer> & {
  /** The message, valid. */
  readonly message: Received<S>;
};

/** A whole socket, FastAPI's form: it is closed when the function returns. Async. */
export type WholeSocket<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = (context: SocketContext<Path, S, Outer>) => Promise<unknown>;

/** A socket by its messages. */
export interface SocketHandlers<
  Path extends string = string,
  S extends WebSocketOptions = NoNames,
  Outer extends Dependencies = NoNames,
> {
  /** Before the handshake, which is answered when it has returned; it may refuse: `HTTPError`. Async. */
  readonly open?: (context: SocketContext<Path, S, Outer>) => Promise<unknown>;
  /**
   * With each message, one at a time for each socket, in order. What it returns or yields is sent, unless undefined.
   * Async: on the event loop. Plain: on a thread, without `socket`, its plain dependencies made there.
   */
  readonly message: (
    context: MessageContext<Path, S, Outer>,
  ) => MessageResult<Declared<S, "send", undefined>>;
  /** When the socket has been closed, by either side. Async. */
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

/** Adds a websocket. */
export interface AddWebSocket<Outer extends Dependencies = NoNames> {
  /** One that declares nothing but its path. */
  <Path extends string>(
    path: Path,
    handler: WholeSocket<Path, NoNames, Outer> | SocketHandlers<Path, NoNames, Outer>,
  ): void;
  /** One that declares what it reads, needs, and what its messages are. */
  <Path extends string, const S extends WebSocketOptions>(
    path: Path,
    options: S & CheckedOptions<S, keyof WebSocketOptions>,
    handler: WholeSocket<Path, S, Outer> | SocketHandlers<Path, S, Outer>,
  ): void;
}
