import type { SocketOperation } from "../app/socket-operation.ts";
import { operationChannel } from "../channels/channels.ts";
import type { CompiledOperation } from "../operation/compile.ts";
import { Exchange, type RequestContext } from "../operation/context.ts";
import { refusalOf } from "../operation/error-reply.ts";
import type { MessageFormat } from "../operation/messages.ts";
import { emptyReply, type RawReply } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
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
   * Opens a connection: reads its inputs, creates its dependencies, and calls `live`. The dependencies are closed once
   * that has returned.
   *
   * @param live - Called when everything is ready; an error it throws ends the connection.
   * @returns Resolves when it has ended, with its error and what is left to do.
   */
  connect(request: LaneRequest, live: Live): Promise<RawReply>;
  /** Handles one message on its lane. Returns a reply, whatever happens. Undefined for a whole socket. */
  readonly handle: ((message: MessageRequest) => Promise<RawReply>) | undefined;
  /** Notes that a message of a whole socket is being handled, until the returned function is called. */
  begin(request: LaneRequest): () => void;
  /** The context that messages on the loop are handled with. */
  readonly loop: Connected["loop"];
  /** The values of a connection that are sent to threads with its messages. */
  sentOf(context: RequestContext): Connected["sent"];
  /** How many connections have not ended. */
  readonly running: number;
}

/** Resolves when the socket has ended. Calls `onAccepted` once the handshake has been answered. */
export type Live = (context: RequestContext, onAccepted: () => void) => Promise<void>;

/** The reply to an accepted handshake. */
export const switching: RawReply = { ...emptyReply, status: 101 };

interface Opening {
  readonly live: Live;
  readonly onEnded: (reply: RawReply) => void;
  onAccepted: () => void;
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
  readonly #open: RunOperation;
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
    this.#open = arounds.operation(
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

  connect(request: LaneRequest, live: Live): Promise<RawReply> {
    const { promise: ended, resolve } = Promise.withResolvers<RawReply>();
    const onEnded = (reply: RawReply): void => {
      this.#running--;
      this.#count?.(-1);
      resolve(reply);
    };
    this.#openings.set(request, { live, onEnded, onAccepted: nothing });
    this.#running++;
    this.#count?.(1);
    void this.#open(request); // for what surrounds it, it ends with the answer to the handshake
    return ended;
  }

  get loop(): Connected["loop"] {
    return this.#lanes.loop;
  }

  begin(request: LaneRequest): () => void {
    if (!operationChannel.hasSubscribers) return nothing;
    const { promise, resolve } = Promise.withResolvers<RawReply>();
    const { id, lane } = this.#work.declaration;
    void observeOperation({ id: `${id} message`, lane }, () => promise)(request);
    return () => resolve(emptyReply);
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

  /**
   * Runs an operation whose handler lasts as long as the socket. For the arounds it ends with the answer to the
   * handshake.
   */
  #run(request: LaneRequest): Promise<RawReply> {
    const opening = this.#openings.get(request) as Opening;
    this.#operation ??= this.#lasting();
    const operation = this.#operation;
    return new Promise((resolve) => {
      opening.onAccepted = () => resolve(switching);
      void runOperation(operation, request, this.#lanes.loop).then((reply) => {
        opening.onEnded(reply);
        resolve(refusalOf(reply));
      });
    });
  }

  /** Shared by all connections, since each copy would be kept as long as its socket. */
  #lasting(): CompiledOperation {
    const { compiled } = this.#work;
    const handler = (context: RequestContext): Promise<void> => {
      const opening = this.#openings.get(Exchange.requestOf(context) as LaneRequest) as Opening;
      return opening.live(context, () => opening.onAccepted());
    };
    const declaration = { ...compiled.declaration, handler };
    return { ...compiled, closes: true, plan: this.#plan, declaration };
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
