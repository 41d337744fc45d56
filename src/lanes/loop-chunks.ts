import { recordLoop } from "../channels/channels.ts";
import type { Chunk } from "../operation/raw.ts";
import { areChunksObserved, type ProducedStream, publishChunks } from "../threads/pool/chunk-events.ts";
import { isPulled } from "../threads/pool/streams.ts";
import type { LaneRequest } from "./around.ts";

/**
 * The same chunks, whose production on the loop is published while anyone listens. What a thread produces is published
 * where it is pulled from there.
 */
export function observeChunks(
  operation: string,
  request: LaneRequest,
  chunks: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  if (!areChunksObserved() || isPulled(chunks)) return chunks;
  const stream: ProducedStream = { request: request.id, operation, lane: "loop", waiter: request };
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = chunks[Symbol.asyncIterator]();
      return {
        next: () =>
          publishChunks(stream, async (record) => {
            const start = performance.now();
            try {
              return await iterator.next();
            } finally {
              recordLoop(record, start);
            }
          }),
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
