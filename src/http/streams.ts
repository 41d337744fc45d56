import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Chunk } from "../operation/raw.ts";
import { type HttpRequest, hasHungUp } from "./request.ts";

/** A body that is produced while it is sent. */
interface OpenStream {
  /** Resolves when the source of the chunks has been closed. */
  readonly closed: Promise<void>;
  /** Ends a stream that would never end; undefined for one that ends by itself. */
  readonly end: (() => void) | undefined;
}

/** A response whose body is produced while it is sent, as outside observers see it. */
export interface StreamedResponse {
  /** When its head was sent, from `performance.now()`. */
  readonly startedAt: number;
  /** Whether the source of its chunks threw: the response broke off, and not because of its client. */
  isBroken: boolean;
}

const streamed = new WeakMap<ServerResponse, StreamedResponse>();

/** Undefined for a response whose body was ready at once. */
export function streamOf(raw: ServerResponse): Readonly<StreamedResponse> | undefined {
  return streamed.get(raw);
}

/** How a response ended. */
export function outcomeOf(raw: ServerResponse): "sent" | "broken" | "gone" {
  if (streamed.get(raw)?.isBroken === true) return "broken";
  return hasHungUp(raw) ? "gone" : "sent";
}

/** The bodies that are currently produced while they are sent. */
export class OpenStreams {
  /** Keyed by the request that each one answers. */
  readonly #open = new Map<HttpRequest, OpenStream>();

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
    const isEndless = mediaType?.startsWith("text/event-stream") === true;
    const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
    const beating = isEndless ? withHeartbeat(chunks, ended) : chunks;
    const response: StreamedResponse = { startedAt: performance.now(), isBroken: false };
    streamed.set(asked.reply.raw, response);
    const onBroken = (error: unknown): void => {
      response.isBroken = !asked.isGone;
      onError(error);
    };
    const stream = Readable.from(observed(beating, onBroken), { objectMode: false, highWaterMark: 1 });
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
    this.#open.set(asked, { closed, end: isEndless ? () => end(undefined) : undefined });
    stream.once("close", () => {
      this.#open.delete(asked);
      onClosed();
    });
    return stream;
  }

  /**
   * Ends event streams, which would never end: aborts the signals of their requests, and ends the responses after the
   * chunk that is being produced.
   */
  endEvents(): void {
    for (const [asked, { end }] of this.#open) {
      if (end === undefined) continue;
      end();
      asked.end(new DOMException("The server shuts down", "AbortError"));
    }
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

async function* observed(
  chunks: AsyncIterable<Chunk>,
  onError: (error: unknown) => void,
): AsyncGenerator<Chunk> {
  try {
    for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
  } catch (error) {
    onError(error);
    throw error;
  }
}

/** Often enough for every proxy, and the same interval as FastAPI's. */
const HEARTBEAT_MS = 15_000;

/**
 * Adds a comment whenever nothing has come for a while, so that no intermediary takes the connection for dead.
 *
 * @param ended - Resolves when no more is wanted.
 */
async function* withHeartbeat(
  chunks: AsyncIterable<Chunk>,
  ended: Promise<undefined>,
): AsyncGenerator<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  const end = ended.then(() => ({ done: true, value: undefined }) as const);
  let next = iterator.next();
  try {
    for (;;) {
      const result = await withinHeartbeat([end, next]);
      if (result === undefined) yield ": ping\n\n";
      else if (result.done === true) return;
      else {
        yield result.value;
        next = iterator.next();
      }
    }
  } finally {
    await iterator.return?.();
  }
}

async function withinHeartbeat<T>(promises: readonly Promise<T>[]): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const beat = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, HEARTBEAT_MS, undefined);
  });
  try {
    return await Promise.race([...promises, beat]);
  } finally {
    clearTimeout(timer);
  }
}
