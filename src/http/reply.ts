import { validateHeaderName, validateHeaderValue } from "node:http";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import type { Chunk, RawReply } from "../operation/raw.ts";
import { writeFile } from "./file.ts";
import { sentRequestId } from "./request.ts";

const JSON_TYPE = "application/json";

/** Fastify sends a serialised string as it is; without a serializer of its own it would add a charset to JSON. */
const asIs = (body: unknown): string => body as string;

/** Writes a reply whose body is there. */
export function writeReply(reply: FastifyReply, raw: RawReply): void {
  writeHead(reply, raw);
  const { body } = raw;
  reply.serializer(asIs);
  reply.send(body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : body);
}

/**
 * Writes a reply whose body is read or made while it is sent.
 *
 * @param body - What it is, with what stands around it.
 * @param onError - Told what went wrong in making a chunk.
 * @throws {Error} When a file cannot be read: nothing has been sent then.
 */
export async function writeLongReply(
  reply: FastifyReply,
  raw: RawReply,
  body: FileContent | AsyncIterable<Chunk>,
  onError: (error: unknown) => void,
): Promise<void> {
  writeHead(reply, raw);
  if ("file" in body) {
    const instead = await writeFile(reply, raw, body);
    if (instead !== undefined) writeReply(reply, instead);
    return;
  }
  reply.send(streamChunks(body, raw.mediaType, onError));
  reply.raw.flushHeaders(); // a client may want to know before the first chunk that it is heard
}

/** @throws {Error} When the status or a header cannot be sent: a hook of a plugin's would let it go unnoticed. */
function writeHead(reply: FastifyReply, { status, headers, mediaType }: RawReply): void {
  if (status < 200) throw new RangeError(`Cannot send a response of status ${status}: expected 200-599`);
  reply.code(status);
  // Who sent an id gets it back, and who is to complain gets one; for the others the header would be dear and unread.
  if (status >= 400 || sentRequestId(reply.request.raw) !== undefined)
    reply.header("x-request-id", reply.request.id);
  for (const [name, value] of headers ?? []) {
    if (name === "transfer-encoding")
      throw new TypeError("transfer-encoding: how a body is sent is the server's to say");
    validateHeaderName(name);
    validateHeaderValue(name, value);
    reply.header(name, value);
  }
  if (mediaType === undefined) return;
  if (mediaType !== JSON_TYPE) validateHeaderValue("content-type", mediaType);
  reply.header("content-type", mediaType);
}

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
  const beating = mediaType?.startsWith("text/event-stream") === true ? withHeartbeat(chunks) : chunks;
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
