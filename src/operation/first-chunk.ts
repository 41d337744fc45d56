import { isBodyless, isEventStream } from "../app/reply.ts";
import { produceFor } from "../app/waiting-client.ts";
import { type Chunk, isReady, type RawReply, type RawRequest } from "./raw.ts";

/**
 * Waits for the first chunk of a body that is produced while it is sent: the head leaves with it, as in Fastify, so that
 * what goes wrong before can be answered like any error. Clients of event streams wait for the head itself.
 *
 * @throws Whatever the source of the chunks throws before the first.
 */
export async function withFirstChunk(reply: RawReply, request: RawRequest): Promise<RawReply> {
  const { status, mediaType, body } = reply;
  const isSent = !isBodyless(status) && request.method !== "HEAD";
  if (isReady(body) || !isSent || isEventStream(mediaType)) return reply;
  const chunks = body[Symbol.asyncIterator]();
  const first = await produceFor(request, () => chunks.next());
  return { ...reply, body: resumed(first, chunks) };
}

/** The chunks of which the first was taken. Leaving them closes their source. */
function resumed(first: IteratorResult<Chunk>, chunks: AsyncIterator<Chunk>): AsyncIterableIterator<Chunk> {
  let taken: IteratorResult<Chunk> | undefined = first;
  return {
    next() {
      if (taken === undefined) return chunks.next();
      const next = taken;
      taken = undefined;
      return Promise.resolve(next);
    },
    return: async () => (await chunks.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
