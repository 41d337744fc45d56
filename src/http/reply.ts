import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import { isWhole, type RawReply } from "../operation/raw.ts";
import { nodeHttp } from "./node-http.ts";
import { sentRequestId } from "./request.ts";

const { validateHeaderName, validateHeaderValue } = nodeHttp;

const JSON_TYPE = "application/json";
/** The type of a body that comes without one: Fastify's choice. */
const UNTYPED = { text: "text/plain; charset=utf-8", bytes: "application/octet-stream" };

/** Fastify sends a serialised string unchanged; without a serializer of its own it would add a charset to JSON. */
const asIs = (body: unknown): string => body as string;

/** Writes a reply whose body is ready. The hooks of plugins see it. */
export function writeReply(reply: FastifyReply, raw: RawReply): void {
  writeHead(reply, raw);
  const { body } = raw;
  reply.serializer(asIs);
  reply.send(body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : body);
}

/** The same past Fastify, for a reply that no plugin can see: a small request costs less so. */
export function writeUnseen(reply: FastifyReply, raw: RawReply): void {
  const { status, body } = raw;
  if (!isWhole(body)) throw new TypeError("Cannot send a body in one piece that is not there yet");
  const head = headOf(reply, raw);
  const isHead = reply.request.method === "HEAD";
  if (body !== undefined) {
    head["content-type"] ??= typeof body === "string" ? UNTYPED.text : UNTYPED.bytes;
    if (!isHead || !head["content-length"]) head["content-length"] = String(Buffer.byteLength(body));
  } else if (!isHead && status !== 204 && status !== 304) head["content-length"] = "0";
  reply.hijack();
  reply.raw.writeHead(status, head).end(body);
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

/** The headers of a response, by their names in lower case. */
type Head = Record<string, string | string[]>;

function writeHead(reply: FastifyReply, raw: RawReply): void {
  const head = headOf(reply, raw);
  reply.code(raw.status);
  const { vary } = head;
  if (vary !== undefined) head.vary = joined(reply.getHeader("vary"), vary); // a plugin may have set some
  reply.headers(head);
}

/** @throws {Error} When the status or a header cannot be sent: in a plugin's hook the failure would go unnoticed. */
function headOf({ request }: FastifyReply, { status, headers, mediaType }: RawReply): Head {
  if (status < 200) throw new RangeError(`Cannot send a response of status ${status}: expected 200-599`);
  const head: Head = {};
  // A client that sent an id gets it back, and a client that got an error can quote it. For all others the header costs
  // something and nobody reads it.
  if (status >= 400 || sentRequestId(request.raw) !== undefined) head["x-request-id"] = request.id;
  for (const [name, value] of headers ?? []) addTo(head, name.toLowerCase(), value);
  if (mediaType === undefined) return head;
  if (mediaType !== JSON_TYPE) validateHeaderValue("content-type", mediaType);
  head["content-type"] = mediaType;
  return head;
}

function addTo(head: Head, name: string, value: string): void {
  if (name === "transfer-encoding")
    throw new TypeError("transfer-encoding: how a body is sent is the server's to say");
  validateHeaderName(name);
  validateHeaderValue(name, value);
  const said = head[name];
  if (name === "set-cookie") head[name] = [...(said ?? []), value];
  else head[name] = name === "vary" ? joined(said, value) : value;
}

function joined(said: Head[string] | number | undefined, value: Head[string]): string {
  return said === undefined ? String(value) : `${String(said)}, ${String(value)}`;
}
