import { Readable } from "node:stream";
import { isEventStream } from "../app/reply.ts";
import { producedFor } from "../app/waiting-client.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import type { Chunk } from "../operation/raw.ts";
import type { HttpRequest } from "./request.ts";
import { beginStream } from "./response-end.ts";

/** A body that is produced while it is sent. */
interface OpenStream {
  /** Resolves when the source of the chunks has been closed. */
  readonly closed: Promise<void>;
  /** Ends a stream that would never end; undefined for one that ends by itself. */
  readonly end: (() => void) | undefined;
}

/** The bodies that are currently produced while they are sent. */
export class OpenStreams {
  /** Keyed by the request that each one answers. */
  readonly #open = new Map<HttpRequest, OpenStream>();
  /** Whether event streams are to end, also those that are still to come. */
  #endsEvents = false;

  /**
   * Turns chunks into a stream, which asks for a chunk once the previous one was taken. When the client hangs up, the
   * source of the chunks is closed.
   *
   * @param onError - Told what went wrong in producing a chunk; the response then breaks off.
   */
  open(
    asked: HttpRequest,
    chunks: AsyncIterable<Chunk>,
    mediaType: string | undefined,
    onError: (error: unknown) => void,
  ): Readable {
    const source = producedFor(asked, chunks);
    const events = isEventStream(mediaType) ? new EventStream(source) : undefined;
    const response = beginStream(asked.reply.raw);
    const onBroken = (error: unknown): void => {
      response.failure = { error };
      response.isBroken = !asked.isGone;
      onError(error);
    };
    const stream = Readable.from(observed(events ?? source, onBroken), {
      objectMode: false,
      highWaterMark: 1,
    });
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
    const end = events !== undefined && mayGoOnForever(asked) ? () => endEarly(asked, events) : undefined;
    this.#open.set(asked, { closed, end });
    stream.once("close", () => {
      this.#open.delete(asked);
      onClosed();
    });
    if (this.#endsEvents) end?.();
    return stream;
  }

  /**
   * Ends event streams that may never end, and whichever a running request still opens: aborts the signals of their
   * requests, and ends the responses after the chunk that is being produced.
   */
  endEvents(): void {
    this.#endsEvents = true;
    for (const { end } of this.#open.values()) end?.();
  }

  /** Resolves when the source of an answer's chunks has been closed; undefined where there is none. */
  closed(asked: HttpRequest): Promise<void> | undefined {
    return this.#open.get(asked)?.closed;
  }

  /** The same for all of them. */
  async allClosed(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ closed }) => closed));
  }
}

/** An `EventSource` only sends GET, and connects again. Events in answer to a POST are as finite as what it asked for. */
function mayGoOnForever({ method }: HttpRequest): boolean {
  return method === "GET";
}

function endEarly(asked: HttpRequest, events: EventStream): void {
  events.end();
  asked.shutDown();
}

async function* observed(
  chunks: AsyncIterable<Chunk>,
  onError: (error: unknown) => void,
): AsyncGenerator<Chunk> {
  try {
    for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
  } catch (thrown) {
    onError(thrown);
    // An error of our own: streams read fields of what destroys them, and stay open if that throws.
    throw loggable(describeError(thrown));
  }
}

/** Often enough for every proxy, and the same interval as FastAPI's. */
const HEARTBEAT_MS = 15_000;

/** A chunk that has been asked for. */
interface NextChunk {
  readonly result: Promise<IteratorResult<Chunk>>;
  isSettled: boolean;
}

/**
 * The chunks of an event stream, with a comment whenever nothing has come for a while, so that no intermediary takes
 * the connection for dead.
 *
 * It waits for whichever comes first, but not with `Promise.race`: a promise keeps the outcome of every race it has
 * been in until it settles itself, so the end of the stream would keep all of its chunks.
 */
class EventStream {
  readonly #chunks: AsyncIterable<Chunk>;
  #hasEnded = false;
  /** Ends the current wait. There is only ever one. */
  #wake = (): void => {};

  constructor(chunks: AsyncIterable<Chunk>) {
    this.#chunks = chunks;
  }

  /** No more is wanted. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk> {
    const iterator = this.#chunks[Symbol.asyncIterator]();
    let next = this.#ask(iterator);
    try {
      for (;;) {
        await this.#waitFor(next);
        if (this.#hasEnded) return;
        if (!next.isSettled) {
          yield ": ping\n\n";
          continue;
        }
        const { done, value } = await next.result;
        if (done === true) return;
        yield value;
        next = this.#ask(iterator);
      }
    } finally {
      await iterator.return?.();
    }
  }

  #ask(iterator: AsyncIterator<Chunk>): NextChunk {
    const next: NextChunk = { result: iterator.next(), isSettled: false };
    const settle = (): void => {
      next.isSettled = true;
      this.#wake();
    };
    next.result.then(settle, settle);
    return next;
  }

  /** Resolves when the chunk is there, the stream is to end, or nothing has happened for a while. */
  #waitFor(next: NextChunk): Promise<void> | undefined {
    if (next.isSettled || this.#hasEnded) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, HEARTBEAT_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
