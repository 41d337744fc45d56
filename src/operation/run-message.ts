import { types } from "node:util";
import type { StandInValue } from "../app/dependency.ts";
import type { Operation } from "../app/operation.ts";
import type { Socket } from "../app/sockets/socket.ts";
import { ValidationError } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { nothingParsed } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { DependencyContext, Exchange } from "./context.ts";
import { answerError, closingReply, errorReply, type FailedRun } from "./error-reply.ts";
import { refuseHeaders } from "./handshake-over.ts";
import type { Frame, MessageFormat } from "./messages.ts";
import { PlannedResponse } from "./planned-response.ts";
import { type Chunk, discardBody, isWhole, type RawReply, type RawRequest } from "./raw.ts";
import { type ReadInputs, readInputs } from "./read.ts";
import { RequestDependencies } from "./request-dependencies.ts";
import type { Runtime } from "./runtime.ts";
import type { SessionState } from "./session.ts";

/** How a websocket's messages are handled, with everything prepared that does not depend on one. */
export interface CompiledMessage
  extends Pick<CompiledOperation, "dependencies" | "plan" | "inputs" | "errorHandlers"> {
  readonly declaration: Operation;
  /** Whether a message that does not fit goes to `onInvalid`, and the socket stays open. */
  readonly hasOnInvalid: boolean;
  readonly format: MessageFormat;
}

/** A message on its way to a thread. */
export interface ThreadedMessage {
  readonly frame: Frame;
  /** Values made on the loop when the socket was opened, keyed by the paths of their dependencies. */
  readonly sent: ReadonlyMap<string, StandInValue>;
  /** The session as the handshake has left it; undefined when nobody has read it. */
  readonly session: SessionState | undefined;
}

/**
 * Handles one message in a thread, from its bytes to the bytes that are sent: reads the inputs of its
 * connection, creates the plain dependencies, calls the handler, and closes what was opened. Never rejects: any
 * failure becomes a reply.
 */
export async function runMessage(
  message: CompiledMessage,
  request: RawRequest,
  { frame, sent, session }: ThreadedMessage,
  runtime: Runtime,
): Promise<RawReply> {
  const { declaration, plan } = message;
  const needed = message.dependencies.map((dependency) => withSent(dependency, sent));
  const exchange = new Exchange(declaration.id, request, runtime);
  exchange.keepSession(session);
  const operation = { declaration, plan, dependencies: needed };
  const dependencies = new RequestDependencies({ operation, request, runtime, context: exchange });
  let made: RawReply | undefined;
  try {
    await dependencies.create(nothingParsed);
    const inputs = await readInputs(message.inputs, request, nothingParsed);
    exchange.acceptSession(declaration.inputs.session);
    const context = new MessageRunContext(exchange, inputs, await message.format.read(frame), declaration);
    const value = await declaration.handler(dependencies.setValues(context, plan));
    made = withOwnBytes(await encodeResult(message.format, value, exchange));
    return exchange.withTasks(dependencies.areOpen ? await dependencies.closeAfterReply(made) : made);
  } catch (thrown) {
    if (made !== undefined) discardBody(made);
    const { error } = dependencies.areOpen ? await dependencies.closeAfterError(thrown) : { error: thrown };
    return answerFailure(message, { request, context: exchange, runtime }, error);
  }
}

/** Handles one message on the loop, with the dependencies created when its socket was opened. Never rejects. */
export async function runMessageHere(
  message: CompiledMessage,
  request: RawRequest,
  frame: Frame,
  { inputs, values, socket, loop, session }: ConnectedValues,
): Promise<RawReply> {
  const exchange = new Exchange(message.declaration.id, request, loop);
  exchange.keepSession(session);
  try {
    exchange.acceptSession(message.declaration.inputs.session);
    const read = message.format.read(frame);
    const received = read instanceof Promise ? await read : read;
    const context = new MessageRunContext(exchange, inputs, received, socket);
    if (values !== undefined) Object.defineProperties(context, values);
    const reply = encodeResult(message.format, await message.declaration.handler(context), exchange);
    return exchange.withTasks(reply instanceof Promise ? await reply : reply);
  } catch (thrown) {
    return answerFailure(message, { request, context: exchange, runtime: loop }, thrown);
  }
}

/**
 * How the failure closes the socket. Of an error handler's answer only the status and the reason count; an answer that
 * is not an error closes with 1000.
 */
async function answerFailure(
  { errorHandlers, hasOnInvalid }: CompiledMessage,
  run: Omit<FailedRun, "operation">,
  thrown: unknown,
): Promise<RawReply> {
  const { context } = run;
  if (hasOnInvalid && thrown instanceof ValidationError) return context.withTasks(errorReply(thrown));
  const error = Exchange.explained(context, thrown);
  const reply = await answerError({ ...run, operation: { errorHandlers, closes: true } }, error);
  if (reply.status >= 400) return context.withTasks(reply);
  discardBody(reply);
  const { background, finish } = reply;
  return context.withTasks({ ...closingReply(1000, ""), background, finish });
}

/** What a connection on the loop keeps for each of its messages. */
export interface ConnectedValues {
  readonly socket: Socket;
  readonly loop: Runtime;
  /** The session as the handshake has left it; undefined when nobody has read it. */
  readonly session: SessionState | undefined;
  readonly inputs: Omit<ReadInputs, "details">;
  /** Its dependencies by name; undefined where it has none. The getter of one that cannot be used here throws. */
  readonly values: PropertyDescriptorMap | undefined;
}

/** Encodes a handler's return value for sending. A promise only where a schema returns one. */
function encodeResult(
  format: MessageFormat,
  value: unknown,
  exchange: Exchange,
): RawReply | Promise<RawReply> {
  if (types.isGeneratorObject(value)) return replyOf(frames(format, value as Iterable<unknown>), exchange);
  const body = format.write(value);
  return body instanceof Promise ? body.then((late) => replyOf(late, exchange)) : replyOf(body, exchange);
}

function replyOf(body: RawReply["body"], exchange: Exchange): RawReply {
  return {
    status: 200,
    mediaType: mediaTypeOf(body),
    headers: undefined,
    body,
    background: exchange.addedTasks,
    error: undefined,
  };
}

/** The same with a copy of its bytes: what leaves a thread may be moved, and the handler may keep its own for the next message. */
function withOwnBytes(reply: RawReply): RawReply {
  const { body } = reply;
  return body instanceof Uint8Array ? { ...reply, body: Uint8Array.from(body) } : reply;
}

const TEXT = "text/plain";

/** Long texts cross as bytes, so the media type tells them from real bytes. */
function mediaTypeOf(body: RawReply["body"]): string | undefined {
  if (!isWhole(body) || body === undefined) return undefined;
  return typeof body === "string" ? TEXT : "application/octet-stream";
}

/** Whether a reply is sent as text rather than as bytes. */
export function isTextReply({ mediaType }: RawReply): boolean {
  return mediaType === TEXT;
}

async function* frames(
  format: MessageFormat,
  items: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Chunk> {
  for await (const item of items) {
    const frame = await format.write(item);
    if (frame !== undefined) yield frame;
  }
}

function withSent(
  dependency: CompiledDependency,
  sent: ReadonlyMap<string, StandInValue>,
): CompiledDependency {
  const fixed = sent.get(dependency.path);
  return fixed === undefined ? dependency : { ...dependency, fixed };
}

/** The context of a message handler. */
class MessageRunContext extends DependencyContext {
  readonly message: unknown;
  readonly #socket: Socket | Operation;
  #response: PlannedResponse | undefined;

  /** @param socket - In a thread, where there is no socket, its operation instead. */
  constructor(
    exchange: Exchange,
    inputs: Omit<ReadInputs, "details">,
    message: unknown,
    socket: Socket | Operation,
  ) {
    super(exchange, inputs);
    this.message = message;
    this.#socket = socket;
  }

  /** One of its own: plain dependencies, which are made for requests as well, may set headers. */
  override get response(): PlannedResponse {
    if (this.#response === undefined) {
      this.#response = new PlannedResponse();
      refuseHeaders(this.#response.headers, DependencyContext.operationOf(this));
    }
    return this.#response;
  }

  get socket(): Socket {
    if (!("handler" in this.#socket)) return this.#socket;
    const { id, location: at } = this.#socket;
    throw new OffloopError(
      "OFFLOOP_SOCKET_LANE",
      `Cannot read socket in ${id}, which is a plain function: a socket cannot cross to a thread`,
      { at, fix: "return or yield the message to send, or make the function async" },
    );
  }
}
