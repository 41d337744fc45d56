import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import type { RawReply } from "../operation/raw.ts";
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
 * Writes a reply whose body is a file.
 *
 * @throws {Error} When it cannot be read: nothing has been sent then.
 */
export async function writeFileReply(reply: FastifyReply, raw: RawReply, body: FileContent): Promise<void> {
  writeHead(reply, raw);
  const instead = await writeFile(reply, raw, body);
  if (instead === undefined) return;
  for (const name of Object.keys(reply.getHeaders())) if (OF_FILE.test(name)) reply.removeHeader(name);
  writeReply(reply, instead);
}

/** What says something of the file that is not sent: how it is encoded, how long it may be kept. */
const OF_FILE = /^(content-.*|cache-control|expires|etag|last-modified)$/;

/** Writes a reply whose body is made while it is sent. */
export function writeStreamReply(reply: FastifyReply, raw: RawReply, open: () => Readable): void {
  writeHead(reply, raw);
  reply.send(open());
  reply.raw.flushHeaders(); // a client may want to know before the first chunk that it is heard
}

/** What a plugin has said that a response depends on counts too. */
function withVary(reply: FastifyReply, value: string): string {
  const said = reply.getHeader("vary");
  return said === undefined ? value : `${String(said)}, ${value}`;
}

/** @throws {Error} When the status or a header cannot be sent: a hook of a plugin's would let it go unnoticed. */
function writeHead(reply: FastifyReply, { status, headers, mediaType }: RawReply): void {
  if (status < 200) throw new RangeError(`Cannot send a response of status ${status}: expected 200-599`);
  reply.code(status);
  // A client that sent an id gets it back, and one that got an error can quote it; for the others the header costs and nobody reads it.
  if (status >= 400 || sentRequestId(reply.request.raw) !== undefined)
    reply.header("x-request-id", reply.request.id);
  for (const [name, value] of headers ?? []) {
    if (name === "transfer-encoding")
      throw new TypeError("transfer-encoding: how a body is sent is the server's to say");
    validateHeaderName(name);
    validateHeaderValue(name, value);
    reply.header(name, name === "vary" ? withVary(reply, value) : value);
  }
  if (mediaType === undefined) return;
  if (mediaType !== JSON_TYPE) validateHeaderValue("content-type", mediaType);
  reply.header("content-type", mediaType);
}
