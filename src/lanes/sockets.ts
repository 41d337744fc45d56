import { messageId, type SocketOperation } from "../app/sockets/socket-operation.ts";
import { operationChannel } from "../channels/channels.ts";
import type { CompiledOperation } from "../operation/compile.ts";
import type { RequestContext } from "../operation/context.ts";
import { refusalOf } from "../operation/error-reply.ts";
import type { MessageFormat } from "../operation/messages.ts";
import type { Failure } from "../operation/open-dependencies.ts";
import { OpenOperation } from "../operation/open-operation.ts";
import { emptyReply, type RawReply } from "../operation/raw.ts";
import type { ConnectionWork, MessageWork, Work } from "../threads/crossing/work.ts";
import type { Arounds, Count, LaneRequest, RunOperation } from "./around.ts";
import { chooseForMessage, type LaneRun, type OpenedLanes, observeOperation } from "./choose.ts";
import type { Connected, MessageRequest } from "./message-request.ts";

/** A websocket that accepts connections. */
export interface RunnableSocket {
  readonly declaration: SocketOperation;
  /** Reads and writes its messages, on the loop. */
  readonly format: MessageFormat;
  /**
   * Opens a connection, with everything that surrounds it: reads its inputs, creates its dependencies, and accepts it.
   * To what surrounds it, it ends with the answer to the handshake.
   *
   * @returns Undefined for an accepted connection, which is to be closed; the reply that refuses any other.
   */
  open(request: LaneRequest, accept: Accept): Promise<RawReply | undefined>;
  /**
   * Closes the dependencies of a connection. Returns its error, if it has failed, and what is left to do.
   *
   * @param answer - What the failure was answered with, if it was.
   */
  close(
    connection: OpenOperation,
    failure: Failure | undefined,
    answer: RawReply | undefined,
  ): Promise<RawReply>;
  /** Handles one message on its lane. Returns a reply, whatever happens. Undefined for a whole socket. */
  readonly handle: ((message: MessageRequest) => Promise<RawReply>) | undefined;
  /**
   * Notes that a message of a whole socket is being handled, until the returned function is called. Of a socket
   * with a `message` function, that something failed outside a message.
   */
  begin(request: LaneRequest): EndOfMessage;
  /** The context that messages on the loop are handled with. */
  readonly loop: Connected["loop"];
  /** The values of a connection that are sent to threads with its messages. */
  sentOf(context: RequestContext): Connected["sent"];
  /** How many connections have not ended. */
  readonly running: number;
}

/** Ends the run of a message. @param failed - The reply to what was thrown, if anything was. */
export type EndOfMessage = (failed?: RawReply) => void;

/** Resolves when the handshake has been answered. Rejects with the error that refuses it. */
export type Accept = (connection: OpenOperation) => Promise<void>;

/** The reply to an accepted handshake. */
export const switching: RawReply = { ...emptyReply, status: 101 };

/** A connection that is being opened. */
interface Opening {
  readonly accept: Accept;
  refusal: RawReply | undefined;
}

/** A websocket, with everything that surrounds its connections and messages. */
export class LaneSocket implements RunnableSocket {
  readonly declaration: SocketOperation;
  readonly handle: RunnableSocket["handle"];
  readonly #work: ConnectionWork;
  /** Its plan, which also gives the handler the values that are sent to threads. */
  readonly #plan: ConnectionWork["plan"];
  #operation: CompiledOperation | undefined;
  readonly #lanes: OpenedLanes;
  readonly #surrounded: RunOperation;
  readonly #count: Count | undefined;
  readonly #openings = new WeakMap<LaneRequest, Opening>();
  #format: MessageFormat | undefined;
  #running = 0;

  constructor(work: ConnectionWork, works: readonly Work[], lanes: OpenedLanes, arounds: Arounds) {
    const { socket, declaration, message } = work;
    this.declaration = socket;
    this.#work = work;
    this.#plan = withSentValues(work);
    this.#lanes = lanes;
    this.#surrounded = arounds.operation(
      declaration,
      observeOperation(declaration, (request) => this.#run(request)),
    );
    this.#count = arounds.count(declaration);
    this.handle = message && aroundMessages(message, works.indexOf(message), lanes, arounds);
  }

  get format(): MessageFormat {
    this.#format ??= this.#work.createFormat();
    return this.#format;
  }

  get running(): number {
    return this.#running;
  }

  async open(request: LaneRequest, accept: Accept): Promise<RawReply | undefined> {
    const opening: Opening = { accept, refusal: undefined };
    this.#openings.set(request, opening);
    this.#change(1);
    await this.#surrounded(request);
    this.#openings.delete(request);
    if (opening.refusal !== undefined) this.#change(-1);
    return opening.refusal;
  }

  async close(
    connection: OpenOperation,
    failure: Failure | undefined,
    answer: RawReply | undefined,
  ): Promise<RawReply> {
    const reply = await connection.end(failure, answer);
    this.#change(-1);
    return reply;
  }

  get loop(): Connected["loop"] {
    return this.#lanes.loop;
  }

  begin(request: LaneRequest): EndOfMessage {
    if (!operationChannel.hasSubscribers) return nothing;
    const { promise, resolve } = Promise.withResolvers<RawReply>();
    const { id } = this.#work.declaration;
    const { lane } = this.declaration.message ?? this.declaration.connection;
    void observeOperation({ id: messageId(id), lane }, () => promise)(request);
    return (failed = emptyReply) => resolve(failed);
  }

  sentOf(context: RequestContext): Connected["sent"] {
    const sent = this.#work.message?.sent ?? [];
    if (sent.length === 0) return nothingSent;
    return new Map(
      sent.map(({ path }, index) => [
        path,
        { value: (context as unknown as Record<string, unknown>)[sentName(index)], isSent: true },
      ]),
    );
  }

  /** Returns the answer to the handshake. */
  async #run(request: LaneRequest): Promise<RawReply> {
    const opening = this.#openings.get(request) as Opening;
    this.#operation ??= { ...this.#work.compiled, closes: true, plan: this.#plan };
    const connection = new OpenOperation(this.#operation, request, this.#lanes.loop);
    opening.refusal = (await connection.open()) ?? (await accepted(connection, opening));
    return opening.refusal === undefined ? switching : refusalOf(opening.refusal);
  }

  #change(by: 1 | -1): void {
    this.#running += by;
    this.#count?.(by);
  }
}

/** Returns the reply that refuses the handshake; undefined when it was accepted. */
async function accepted(connection: OpenOperation, { accept }: Opening): Promise<RawReply | undefined> {
  try {
    await accept(connection);
    return undefined;
  } catch (error) {
    return connection.end({ error });
  }
}

const nothingSent: Connected["sent"] = new Map();

/** Handles messages on their lane, with everything that surrounds this. */
function aroundMessages(
  work: MessageWork,
  index: number,
  lanes: OpenedLanes,
  arounds: Arounds,
): NonNullable<RunnableSocket["handle"]> {
  const run = chooseForMessage(work, index, lanes);
  // Arounds pass the request on unchanged.
  const onLane: LaneRun<LaneRequest, RawReply> = (request, record) => run(request as MessageRequest, record);
  return arounds.operation(work.declaration, observeOperation(work.declaration, onLane));
}

function withSentValues({ message, plan }: ConnectionWork): ConnectionWork["plan"] {
  const sent = (message?.sent ?? []).map(({ declaration }, index) => ({
    name: sentName(index),
    index: plan.nodes.findIndex((node) => node.declaration === declaration),
  }));
  return sent.length === 0 ? plan : { ...plan, deps: [...plan.deps, ...sent] };
}

function nothing(): void {}

/** No dependency can have such a name. */
function sentName(index: number): string {
  return `(sent ${index})`;
}
