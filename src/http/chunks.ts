import { Readable } from "node:stream";
import type { Chunk } from "../operation/raw.ts";
import { watchChunks } from "./watched-work.ts";

/** Often enough for every proxy, and the interval FastAPI uses. */
const HEARTBEAT_MS = 15_000;

/**
 * Chunks as a stream that asks for one when the one before was taken. When the client hangs up, what makes the chunks is
 * closed.
 *
 * @param onError - Told what went wrong in making a chunk; the response then ends in the middle.
 */
export function streamChunks(
  chunks: AsyncIterable<Chunk>,
  mediaType: string | undefined,
  onError: (error: unknown) => void,
): Readable {
  const watched = watchChunks(chunks);
  const beating = mediaType?.startsWith("text/event-stream") === true ? withHeartbeat(watched) : watched;
  return Readable.from(observed(beating, onError), { objectMode: false, highWaterMark: 1 });
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

/** Adds a comment whenever nothing has come for a while, so that nobody on the way takes the connection for dead. */
async function* withHeartbeat(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const result = await withinHeartbeat(next);
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

async function withinHeartbeat<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const beat = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, HEARTBEAT_MS, undefined);
  });
  try {
    return await Promise.race([promise, beat]);
  } finally {
    clearTimeout(timer);
  }
}
