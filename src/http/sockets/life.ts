import type { SocketOperation } from "../../app/socket-operation.ts";
import type { Lanes } from "../../lanes/lanes.ts";
import { type Connected, MessageRequest } from "../../lanes/message-request.ts";
import type { RunnableSocket } from "../../lanes/sockets.ts";
import type { RequestContext } from "../../operation/context.ts";
import { errorReply } from "../../operation/error-reply.ts";
import type { Frame } from "../../operation/messages.ts";
import { discardBody, isWhole, type RawReply } from "../../operation/raw.ts";
import { isTextReply } from "../../operation/run-message.ts";
import type { HttpRequest } from "../request.ts";
import { closingOf, mistakesOf } from "./closing.ts";
import { goingAway, type LiveSocket } from "./live-socket.ts";

/** The parts of the lanes that a socket needs after its messages. */
export type LifeServices = Pick<Lanes, "background" | "arounds">;

/** Runs the functions of a socket, from the moment its dependencies are ready until it is closed. */
export class SocketLife {
  readonly #runnable: RunnableSocket;
  readonly #asked: HttpRequest;
  readonly #socket: LiveSocket;
  readonly #services: LifeServices;

  constructor(runnable: RunnableSocket, asked: HttpRequest, socket: LiveSocket, services: LifeServices) {
    this.#runnable = runnable;
    this.#asked = asked;
    this.#socket = socket;
    this.#services = services;
  }

  /** Rejects with the error that ends the socket. */
  live(context: RequestContext): Promise<void> {
    const { functions } = this.#runnable.declaration;
    const own = Object.assign(context, { socket: this.#socket });
    return functions.whole === undefined
      ? this.#liveByMessage(functions, own)
      : this.#liveWhole(functions.whole, own);
  }

  async #liveWhole(
    whole: NonNullable<SocketOperation["functions"]["whole"]>,
    context: RequestContext,
  ): Promise<void> {
    await whole(context);
    await this.#socket.accept();
  }

  async #liveByMessage(
    { open, close }: SocketOperation["functions"],
    context: RequestContext,
  ): Promise<void> {
    await open?.(context);
    const socket = this.#socket;
    await socket.accept();
    const connected = this.#connect(context);
    await socket.inbox.handleEach((frame) => this.#handle(frame, connected));
    if (this.#asked.isGone) socket.end(goingAway);
    await close?.(Object.assign(context, await socket.closed));
  }

  #connect(context: RequestContext): Connected {
    const { connection } = this.#runnable.declaration;
    const own = Object.getOwnPropertyDescriptors(context) as PropertyDescriptorMap;
    const values = connection.deps.map(([name]) => [name, own[name] as PropertyDescriptor]);
    const { params = {}, query, headers, cookies } = context;
    return {
      socket: this.#socket,
      loop: this.#runnable.loop,
      inputs: { params, query, headers, cookies, body: undefined, form: undefined },
      values: values.length === 0 ? undefined : Object.fromEntries(values),
      sent: this.#runnable.sentOf(context),
      session: context.sessionState,
    };
  }

  async #handle(frame: Frame, connected: Connected): Promise<void> {
    const request = new MessageRequest(this.#asked, frame, connected);
    const reply = (await this.#runnable.handle?.(request)) as RawReply;
    const sent = reply.status === 200 ? this.#send(reply) : reply;
    const failed = sent instanceof Promise ? await sent : sent;
    if (failed !== undefined) await this.#fail(request, failed);
    if (reply.background !== undefined || reply.finish !== undefined) this.#followUp(request, reply);
  }

  /** Sends what the handler returned or yields. Returns a reply for whatever went wrong; a promise only if it takes time. */
  #send(reply: RawReply): RawReply | undefined | Promise<RawReply | undefined> {
    const { body } = reply;
    if (body === undefined) return undefined;
    if (!isWhole(body)) return this.#sendEach(body as AsyncIterable<string | Uint8Array>);
    try {
      const taken = this.#socket.write(body, !isTextReply(reply));
      return taken?.then(nothing, (thrown: unknown) => this.#unsent(thrown));
    } catch (thrown) {
      return this.#unsent(thrown);
    }
  }

  async #sendEach(messages: AsyncIterable<string | Uint8Array>): Promise<RawReply | undefined> {
    try {
      for await (const one of messages) await this.#socket.write(one, typeof one !== "string");
      return undefined;
    } catch (thrown) {
      return this.#unsent(thrown);
    }
  }

  /** Where the socket is closed, nobody is left to tell. */
  #unsent(thrown: unknown): RawReply | undefined {
    return this.#socket.isOpen ? errorReply(thrown) : undefined;
  }

  #followUp(request: MessageRequest, { background = [], endTasks, finish }: RawReply): void {
    const { id } = this.#runnable.declaration.message ?? this.#runnable.declaration.connection;
    this.#services.background.start(request.id, id, background, async (failure) => {
      endTasks?.();
      await finish?.(failure).catch((thrown: unknown) => this.#note(request, errorReply(thrown)));
    });
  }

  /** Closes the socket for a message that was not handled; an invalid one goes to `onInvalid`, if there is one. */
  async #fail(request: MessageRequest, reply: RawReply): Promise<void> {
    const { onInvalid } = this.#runnable.declaration;
    const mistakes = onInvalid && mistakesOf(reply);
    if (onInvalid === undefined || mistakes === undefined) return this.#close(request, reply);
    try {
      await onInvalid(this.#socket.invalid(request.frame, mistakes));
    } catch (thrown) {
      await this.#close(request, errorReply(thrown));
    }
  }

  async #close(request: MessageRequest, reply: RawReply): Promise<void> {
    if (reply.error !== undefined) await this.#note(request, reply);
    const closing = closingOf(reply);
    discardBody(reply);
    if (closing !== undefined) this.#socket.end(closing);
  }

  /** Reports a failure to the log and to everything else that surrounds runs. */
  async #note(request: MessageRequest, reply: RawReply): Promise<void> {
    const { message, connection } = this.#runnable.declaration;
    await this.#services.arounds.failure(message ?? connection, request, reply).catch(() => {});
  }
}

function nothing(): undefined {}
