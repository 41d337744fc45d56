import { types } from "node:util";
import type { StandInValue } from "../app/dependency.ts";
import type { Operation } from "../app/operation.ts";
import type { Socket } from "../app/socket.ts";
import { ValidationError } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { DependencyContext, Exchange } from "./context.ts";
import { answerError, closingReply, errorReply, type FailedRun } from "./error-reply.ts";
import type { Frame, MessageFormat } from "./messages.ts";
import { type Chunk, discardBody, emptyReply, type RawReply, type RawRequest } from "./raw.ts";
import { type ReadInputs, readInputs } from "./read.ts";
import { RequestDependencies } from "./request-dependencies.ts";
import type { Runtime } from "./runtime.ts";

/** What is done with a websocket's messages, with everything worked out that does not depend on one. */
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
  /** The values that were made on the loop when the socket was opened, by the paths of the dependencies. */
  readonly sent: ReadonlyMap<string, StandInValue>;
  /** The session as the handshake has left it; undefined when nobody has looked at it. */
  readonly session: string | undefined;
}

const nothingParsed = { json: undefined, values: 0, form: undefined };

/**
 * One message in a thread, from its bytes to those that are sent: reads the inputs of its connection, makes the plain
 * dependencies, calls the handler, and closes what was opened. Never rejects: whatever goes wrong is a reply.
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
  try {
    for (const dependency of needed) {
      const inputs = await dependencies.read(dependency, nothingParsed);
      dependencies.add(await dependencies.provide(dependency, inputs));
    }
    const inputs = await readInputs(message.inputs, request, nothingParsed);
    exchange.acceptSession(declaration.inputs.session);
    const context = new MessageRunContext(exchange, inputs, await message.format.read(frame), declaration);
    const reply = await callHandler(message, dependencies.setValues(context, plan), exchange);
    return dependencies.areOpen ? await dependencies.closeAfterReply(reply) : reply;
  } catch (thrown) {
    const error = dependencies.areOpen ? await dependencies.closeAfterError(thrown) : thrown;
    return answerFailure(message, { request, context: exchange, runtime }, error);
  }
}

/** One message on the loop, with the dependencies that were made when its socket was opened. Never rejects. */
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
    const context = new MessageRunContext(exchange, inputs, await message.format.read(frame), socket);
    Object.defineProperties(context, values);
    return await callHandler(message, context, exchange);
  } catch (thrown) {
    return answerFailure(message, { request, context: exchange, runtime: loop }, thrown);
  }
}

/** What closes the socket. Of what an error handler answers, the status and the reason count; one that is no error is a 1000. */
async function answerFailure(
  { errorHandlers, hasOnInvalid }: CompiledMessage,
  run: Omit<FailedRun, "operation">,
  thrown: unknown,
): Promise<RawReply> {
  if (hasOnInvalid && thrown instanceof ValidationError) return errorReply(thrown);
  const reply = await answerError({ ...run, operation: { errorHandlers, closes: true } }, thrown);
  if (reply.status >= 400) return reply;
  discardBody(reply);
  return { ...closingReply(1000, ""), background: reply.background };
}

/** What a connection on the loop has for each of its messages. */
export interface ConnectedValues {
  readonly socket: Socket;
  readonly loop: Runtime;
  /** The session as the handshake has left it; undefined when nobody has looked at it. */
  readonly session: string | undefined;
  readonly inputs: Omit<ReadInputs, "details">;
  /** Its dependencies, by name. The getter of one that cannot be used here throws. */
  readonly values: PropertyDescriptorMap;
}

async function callHandler(
  { declaration, format }: CompiledMessage,
  context: object,
  exchange: Exchange,
): Promise<RawReply> {
  const value = await declaration.handler(context);
  if (types.isGeneratorObject(value)) {
    const body = frames(format, value as unknown as Iterable<unknown>);
    return { ...emptyReply, body, background: exchange.addedTasks };
  }
  const body = await format.write(value);
  return { ...emptyReply, mediaType: mediaTypeOf(body), body, background: exchange.addedTasks };
}

const TEXT = "text/plain";

/** Long texts cross as bytes, so the media type tells them from bytes. */
function mediaTypeOf(body: Chunk | undefined): string | undefined {
  if (body === undefined) return undefined;
  return typeof body === "string" ? TEXT : "application/octet-stream";
}

/** Whether a reply is sent as a text rather than as bytes. */
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

  /** @param socket - In a thread, where there is none, its operation instead. */
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
