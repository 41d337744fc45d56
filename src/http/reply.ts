import type { FastifyReply } from "fastify";
import { isWhole, type RawReply } from "../operation/raw.ts";
import { streamChunks } from "./chunks.ts";
import { writeFile } from "./file.ts";
import { sentRequestId } from "./request-id.ts";

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
 * @param onError - Told what went wrong in making a chunk.
 * @throws {Error} When a file cannot be read: nothing has been sent then.
 */
export async function writeLongReply(
  reply: FastifyReply,
  raw: RawReply,
  onError: (error: unknown) => void,
): Promise<void> {
  const { body, mediaType } = raw;
  if (isWhole(body)) return writeReply(reply, raw);
  writeHead(reply, raw);
  if ("file" in body) {
    const instead = await writeFile(reply, raw, body);
    if (instead !== undefined) writeReply(reply, instead);
    return;
  }
  reply.send(streamChunks(body, mediaType, onError));
  reply.raw.flushHeaders(); // a client may want to know before the first chunk that it is heard
}

function writeHead(reply: FastifyReply, { status, headers, mediaType }: RawReply): void {
  reply.code(status);
  // Who sent an id gets it back, and who is to complain gets one; for the others the header would be dear and unread.
  if (status >= 400 || sentRequestId(reply.request.raw) !== undefined)
    reply.header("x-request-id", reply.request.id);
  for (const [name, value] of headers ?? []) {
    if (name === "transfer-encoding")
      throw new TypeError("transfer-encoding: how a body is sent is the server's to say");
    reply.header(name, value);
  }
  if (mediaType !== undefined) reply.header("content-type", mediaType);
}
