import { isBodyless, isEventStream } from "../app/reply.ts";
import { produceFor } from "../app/waiting-client.ts";
import { within } from "../app/within.ts";
import { type Chunk, isReady, type RawReply, type RawRequest } from "./raw.ts";

/** A query for the first row has its answer by then, and a client that waits still thinks nothing of it. */
const MOST_MS = 1_000;

/**
 * Waits for the first chunk of a body that is produced while it is sent, but not for long: what goes wrong before its head
 * leaves can be answered like any error, while a feed that is silent at first would look unanswered, and would run into
 * its operation's deadline. Clients of event streams wait for the head itself.
 *
 * @throws Whatever the source of the chunks throws before the first, if it does so in time.
 */
export async function withFirstChunk(reply: RawReply, request: RawRequest): Promise<RawReply> {
  const { status, mediaType, body } = reply;
  const isSent = !isBodyless(status) && request.method !== "HEAD";
  if (isReady(body) || body instanceof Begun || !isSent || isEventStream(mediaType)) return reply;
  const chunks = body[Symbol.asyncIterator]();
  const first = produceFor(request, () => chunks.next());
  await within(MOST_MS, first);
  return { ...reply, body: new Begun(first, chunks) };
}

/** Chunks of which the first has been asked for. Leaving them closes their source. */
class Begun implements AsyncIterableIterator<Chunk> {
  #first: Promise<IteratorResult<Chunk>> | undefined;
  readonly #chunks: AsyncIterator<Chunk>;

  constructor(first: Promise<IteratorResult<Chunk>>, chunks: AsyncIterator<Chunk>) {
    this.#first = first;
    this.#chunks = chunks;
  }

  next(): Promise<IteratorResult<Chunk>> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#chunks.next();
  }

  async return(): Promise<IteratorResult<Chunk>> {
    return (await this.#chunks.return?.()) ?? { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
