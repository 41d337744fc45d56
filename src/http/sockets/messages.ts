import type { NamedDependency } from "../../app/dependency.ts";
import { type Connected, MessageRequest } from "../../lanes/message-request.ts";
import type { RunnableSocket } from "../../lanes/sockets.ts";
import { errorReply } from "../../operation/error-reply.ts";
import type { Frame } from "../../operation/messages.ts";
import type { Failure } from "../../operation/open-dependencies.ts";
import type { ConnectionContext } from "../../operation/open-operation.ts";
import { discardBody, isWhole, type RawReply } from "../../operation/raw.ts";
import { isTextReply } from "../../operation/run-message.ts";
import type { HttpRequest } from "../request.ts";
import { closingOf, mistakesOf } from "./closing.ts";
import { type FollowUpServices, followUp, isGivenUp, noteFailure, type SocketRun } from "./follow-up.ts";
import { FrameHandler } from "./inbox.ts";
import type { LiveSocket } from "./live-socket.ts";

/** What the messages of one websocket have in common. */
export interface MessageParts {
  readonly runnable: RunnableSocket;
  readonly lanes: FollowUpServices;
}

/** The connection that messages arrive on. */
export interface MessageConnection {
  readonly request: HttpRequest;
  readonly socket: LiveSocket;
  /** Called when all messages have been handled, and no more will come. */
  end(failure: Failure | undefined): void;
}

/** Handles the messages of a socket on their lane, and sends what they return. */
export class SocketMessages extends FrameHandler implements Connected {
  readonly values: Connected["values"];
  readonly sent: Connected["sent"];
  readonly #parts: MessageParts;
  readonly #connection: MessageConnection;
  readonly #context: ConnectionContext;

  constructor(parts: MessageParts, connection: MessageConnection, context: ConnectionContext) {
    super();
    const { deps } = parts.runnable.declaration.connection;
    this.values = deps.length === 0 ? undefined : valuesOf(context, deps);
    this.sent = parts.runnable.sentOf(context);
    this.#parts = parts;
    this.#connection = connection;
    this.#context = context;
  }

  get socket(): LiveSocket {
    return this.#connection.socket;
  }

  get loop(): Connected["loop"] {
    return this.#parts.runnable.loop;
  }

  get inputs(): Connected["inputs"] {
    return this.#context as Connected["inputs"]; // a connection opens once they are valid
  }

  get session(): Connected["session"] {
    return this.#context.sessionState;
  }

  end(failure: Failure | undefined): void {
    this.#connection.end(failure);
  }

  async handle(frame: Frame): Promise<void> {
    const request = new MessageRequest(this.#connection.request, frame, this);
    const reply = (await this.#parts.runnable.handle?.(request)) as RawReply;
    const sending = reply.status === 200 ? this.#send(reply) : undefined;
    const unsent = sending instanceof Promise ? await sending : sending;
    if (reply.status !== 200) await this.#fail(request, reply);
    else if (unsent !== undefined) await this.#failLate(unsent, (late) => this.#fail(request, late));
    if (reply.background !== undefined || reply.finish !== undefined)
      followUp(this.#parts.lanes, this.#runOf(request), reply, unsent);
  }

  /** Sends what the handler returned or yields. Returns what went wrong; a promise only if it takes time. */
  #send(reply: RawReply): Failure | undefined | Promise<Failure | undefined> {
    const { body } = reply;
    if (body === undefined) return undefined;
    if (!isWhole(body)) return this.#sendEach(body as AsyncIterable<string | Uint8Array>);
    try {
      const taken = this.socket.write(body, !isTextReply(reply));
      return taken?.then(nothing, (thrown: unknown) => this.#unsent(thrown));
    } catch (thrown) {
      return this.#unsent(thrown);
    }
  }

  async #sendEach(messages: AsyncIterable<string | Uint8Array>): Promise<Failure | undefined> {
    try {
      for await (const one of messages) await this.socket.write(one, typeof one !== "string");
      return undefined;
    } catch (thrown) {
      return this.#unsent(thrown);
    }
  }

  /** Where the socket is closed, nobody is left to tell. */
  #unsent(error: unknown): Failure | undefined {
    return this.socket.isOpen ? { error } : undefined;
  }

  /** Closes the socket for a message that was not handled; an invalid one goes to `onInvalid`, if there is one. */
  async #fail(request: MessageRequest, reply: RawReply): Promise<void> {
    const { onInvalid } = this.#parts.runnable.declaration;
    const mistakes = onInvalid && mistakesOf(reply);
    if (onInvalid === undefined || mistakes === undefined) return this.#close(request, reply);
    try {
      await onInvalid(this.socket.invalid(request.frame, mistakes));
    } catch (error) {
      await this.#failLate({ error }, (late) => this.#close(request, late));
    }
  }

  /** What fails once the run of a message has its reply is observed apart from that run. */
  async #failLate({ error }: Failure, act: (reply: RawReply) => Promise<void>): Promise<void> {
    const reply = errorReply(error);
    if (!isGivenUp(this.#connection, reply)) this.socket.fail(reply);
    await act(reply);
  }

  async #close(request: MessageRequest, reply: RawReply): Promise<void> {
    discardBody(reply);
    if (isGivenUp(this.#connection, reply)) return;
    if (reply.error !== undefined) await noteFailure(this.#parts.lanes, this.#runOf(request), reply);
    const closing = closingOf(reply);
    if (closing !== undefined) this.socket.end(closing);
  }

  #runOf(request: MessageRequest): SocketRun {
    const { message, connection } = this.#parts.runnable.declaration;
    return { operation: message ?? connection, request };
  }
}

/** The values of dependencies by name. The getter of one that cannot be used here throws. */
function valuesOf(context: ConnectionContext, deps: readonly NamedDependency[]): PropertyDescriptorMap {
  const own: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(context);
  return Object.fromEntries(deps.map(([name]) => [name, own[name] as PropertyDescriptor]));
}

function nothing(): undefined {}
