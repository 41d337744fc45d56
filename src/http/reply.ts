import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import type { RawReply } from "../operation/raw.ts";
import { nodeHttp } from "./node-http.ts";
import { sentRequestId } from "./request.ts";

const { validateHeaderName, validateHeaderValue } = nodeHttp;

const JSON_TYPE = "application/json";

/** Fastify sends a serialised string unchanged; without a serializer of its own it would add a charset to JSON. */
const asIs = (body: unknown): string => body as string;

/** Writes a reply whose body is ready. */
export function writeReply(reply: FastifyReply, raw: RawReply): void {
  writeHead(reply, raw);
  const { body } = raw;
  reply.serializer(asIs);
  reply.send(body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : body);
}

/**
 * Writes a reply whose body is a file.
 *
 * @throws {Error} When the file cannot be read: nothing has been sent then.
 */
export async function writeFileReply(reply: FastifyReply, raw: RawReply, body: FileContent): Promise<void> {
  writeHead(reply, raw);
  const { writeFile } = await import("./file.ts"); // most apps answer without one
  const instead = await writeFile(reply, raw, body);
  if (instead === undefined) return;
  for (const name of Object.keys(reply.getHeaders())) if (OF_FILE.test(name)) reply.removeHeader(name);
  writeReply(reply, instead);
}

/** Headers that describe the file, which is not sent: how it is encoded, how long it may be kept. */
const OF_FILE = /^(content-.*|cache-control|expires|etag|last-modified)$/;

/** Writes a reply whose body is produced while it is sent. */
export function writeStreamReply(reply: FastifyReply, raw: RawReply, open: () => Readable): void {
  writeHead(reply, raw);
  // Before the first chunk, a client may want to know that its request was accepted. Not before Fastify has set the
  // headers, which it does once the hooks of plugins have run.
  reply.raw.once("pipe", () => reply.raw.flushHeaders());
  reply.send(open());
}

/** Keeps the `Vary` values that a plugin has set. */
function withVary(reply: FastifyReply, value: string): string {
  const said = reply.getHeader("vary");
  return said === undefined ? value : `${String(said)}, ${value}`;
}

/** @throws {Error} When the status or a header cannot be sent: in a plugin's hook the failure would go unnoticed. */
function writeHead(reply: FastifyReply, { status, headers, mediaType }: RawReply): void {
  if (status < 200) throw new RangeError(`Cannot send a response of status ${status}: expected 200-599`);
  reply.code(status);
  // A client that sent an id gets it back, and a client that got an error can quote it. For all others the header costs
  // something and nobody reads it.
  if (status >= 400 || sentRequestId(reply.request.raw) !== undefined)
    reply.header("x-request-id", reply.request.id);
  for (const [written, value] of headers ?? []) {
    const name = written.toLowerCase();
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
