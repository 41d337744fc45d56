import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import type { HTTPError } from "../errors/http-error.ts";
import { type HeaderPairs, isWhole, type RawReply } from "../operation/raw.ts";
import { nodeHttp } from "./connections/node-http.ts";
import { sentRequestId } from "./request.ts";

const { validateHeaderName, validateHeaderValue } = nodeHttp;

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
  const head = new Head();
  eachHeader(reply, raw, (name, value) => head.add(name, value));
  const isHead = reply.request.method === "HEAD";
  if (body !== undefined) {
    if (!head.has("content-type"))
      head.add("content-type", typeof body === "string" ? UNTYPED.text : UNTYPED.bytes);
    if (!isHead || !head.has("content-length")) head.add("content-length", String(Buffer.byteLength(body)));
  } else if (!isHead && status !== 204 && status !== 304) head.add("content-length", "0");
  reply.raw.writeHead(status, head.lines);
  reply.hijack();
  reply.raw.end(body);
}

/** Headers as node:http takes them fastest, the last one of each name. */
class Head {
  /** Alternating names and values. */
  readonly lines: string[] = [];

  has(name: string): boolean {
    return this.#indexOf(name) >= 0;
  }

  /** @param name - In lower case. */
  add(name: string, value: string): void {
    const at = name === "set-cookie" ? -1 : this.#indexOf(name);
    if (at < 0) this.lines.push(name, value);
    else this.lines[at + 1] = name === "vary" ? `${this.lines[at + 1]}, ${value}` : value;
  }

  #indexOf(name: string): number {
    for (let at = 0; at < this.lines.length; at += 2) if (this.lines[at] === name) return at;
    return -1;
  }
}

/** What is done where a file is not sent as it was meant to be. */
export interface FileFailures {
  /** Answers a client that asked for what there is not. */
  refuse(error: HTTPError): Promise<RawReply>;
  /** Told why the reply broke off while it was sent. */
  onBroken(thrown: unknown): void;
}

/**
 * Writes a reply whose body is a file.
 *
 * @throws {Error} When the file cannot be read: nothing has been sent then.
 */
export async function writeFileReply(
  reply: FastifyReply,
  raw: RawReply,
  body: FileContent,
  { refuse, onBroken }: FileFailures,
): Promise<void> {
  writeHead(reply, raw);
  const { writeFile } = await import("./file.ts"); // most apps answer without one
  const refused = await writeFile(reply, raw, body, onBroken);
  if (refused === undefined) return;
  const instead = await refuse(refused);
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
function writeHead(reply: FastifyReply, raw: RawReply): void {
  reply.code(raw.status);
  eachHeader(reply, raw, (name, value) => {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    reply.header(name, name === "vary" ? withVary(reply, value) : value);
  });
}

/**
 * Calls `write` with each header that a reply is to have.
 *
 * @throws {Error} When one is not the app's to set, or the status is not one of a response.
 */
function eachHeader(
  { request }: FastifyReply,
  { status, headers, mediaType }: RawReply,
  write: (name: string, value: string) => void,
): void {
  if (status < 200) throw new RangeError(`Cannot send a response of status ${status}: expected 200-599`);
  // A client that sent an id gets it back, and a client that got an error can quote it. For all others the header costs
  // something and nobody reads it.
  if (status >= 400 || sentRequestId(request.raw) !== undefined) write("x-request-id", request.id);
  for (const [written, value] of headers ?? none) {
    const name = written.toLowerCase();
    if (name === "content-length" && status === 204) continue; // RFC 9110, 8.6
    if (name === "transfer-encoding")
      throw new TypeError("transfer-encoding: how a body is sent is the server's to say");
    write(name, value);
  }
  if (mediaType !== undefined) write("content-type", mediaType);
}

const none: HeaderPairs = [];
