import { setImmediate as nextTurn } from "node:timers/promises";
import type { Exchange } from "./exchange.ts";
import type { Chunk, HeaderPairs, RawReply } from "./raw.ts";

/** The reply for a web `Response`. One whose body is there already is sent whole, with its length. */
export async function encodeWebResponse(exchange: Exchange, response: Response): Promise<RawReply> {
  const own: HeaderPairs = [...response.headers].filter(([name]) => name !== "content-type");
  return {
    status: response.status,
    mediaType: response.headers.get("content-type") ?? undefined,
    headers: [...(exchange.chosenHeaders ?? []), ...own],
    body: response.body === null ? undefined : await readReady(response.body),
    background: exchange.addedTasks,
    error: undefined,
  };
}

async function readReady(body: ReadableStream<Uint8Array>): Promise<Chunk | AsyncIterable<Chunk>> {
  const reader = body.getReader();
  const ready: Uint8Array[] = [];
  for (;;) {
    const next = reader.read();
    const read = await Promise.race([next, nextTurn(undefined)]);
    if (read === undefined) return continueReading(reader, ready, next);
    if (read.done) return Buffer.concat(ready);
    ready.push(read.value);
  }
}

async function* continueReading(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ready: readonly Uint8Array[],
  next: ReturnType<typeof reader.read>,
): AsyncGenerator<Chunk> {
  try {
    yield* ready;
    for (let read = await next; !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel();
  }
}
