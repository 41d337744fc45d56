import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import type { HTTPError } from "../errors/http-error.ts";
import { type Chunk, type HeaderPairs, isWhole, type RawReply } from "../operation/raw.ts";
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
  reply.serializer(asIs);
  const { body } = raw;
  if (typeof body === "string") endInBytes(reply.raw);
  reply.send(body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : body);
}

/**
 * Node writes the head in the encoding of a text that ends the response: a text becomes bytes where that would change a
 * header. Only then are all headers there, as the last hook may set one; and hooks see texts as texts.
 */
function endInBytes(response: ServerResponse & { readonly _header?: string | null }): void {
  const end = response.end as (this: ServerResponse, chunk: unknown, ...rest: unknown[]) => ServerResponse;
  response.end = (chunk?: unknown, ...rest: unknown[]) => {
    const isText = typeof chunk === "string" && !isAscii(response._header ?? "");
    return end.call(response, isText ? Buffer.from(chunk) : chunk, ...rest);
  };
}

/** The same past Fastify, for a reply that no plugin can see: a small request costs less so. */
export function writeUnseen(reply: FastifyReply, raw: RawReply): void {
  const { status, body } = raw;
  if (!isWhole(body)) throw new TypeError("Cannot send a body in one piece that is not there yet");
  const bytes = body === undefined ? 0 : Buffer.byteLength(body);
  const lines = wholeHead(reply, raw, body, bytes);
  reply.raw.writeHead(status, lines);
  reply.hijack();
  if (typeof body !== "string") reply.raw.end(body);
  // ASCII has the same bytes in both encodings, and Node writes Latin-1 faster.
  else if (bytes === body.length) reply.raw.end(body, "latin1");
  else reply.raw.end(lines.every(isAscii) ? body : Buffer.from(body));
}

/** Whether a header has the same bytes in any encoding: Node writes it in that of the text which follows. */
function isAscii(value: string): boolean {
  return Buffer.byteLength(value) === value.length;
}

/** Alternating names and values, as node:http takes them fastest. */
function wholeHead(reply: FastifyReply, raw: RawReply, body: Chunk | undefined, bytes: number): string[] {
  const { status, mediaType } = raw;
  const length = String(bytes);
  const head = new Head(
    body === undefined ? [] : ["content-type", mediaType ?? typeOf(body), "content-length", length],
  );
  setHeaders(reply, raw, head);
  // The answer to a HEAD may give the length of a body that was not made.
  const hasLength = body !== undefined || (status !== 204 && status !== 304);
  if (hasLength && reply.request.method !== "HEAD") head.set("content-length", length);
  return head.lines;
}

function typeOf(body: Chunk): string {
  return typeof body === "string" ? UNTYPED.text : UNTYPED.bytes;
}

/** What takes the headers of a reply. */
interface Headers {
  /** @param name - In lower case. */
  set(name: string, value: string): void;
}

/** Headers of which the last one of each name counts. */
class Head implements Headers {
  readonly lines: string[];

  constructor(lines: string[]) {
    this.lines = lines;
  }

  set(name: string, value: string): void {
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
  setHeaders(reply, raw, {
    set: (name, value) => {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      reply.header(name, name === "vary" ? withVary(reply, value) : value);
    },
  });
}

/**
 * Sets each header that a reply is to have.
 *
 * @throws {Error} When one is not the app's to set, or the status is not one of a response.
 */
function setHeaders(
  { request }: FastifyReply,
  { status, headers, mediaType }: RawReply,
  head: Headers,
): void {
  if (status < 200) throw new RangeError(`Cannot send a response of status ${status}: expected 200-599`);
  // A client that sent an id gets it back, and a client that got an error can quote it. For all others the header costs
  // something and nobody reads it.
  if (status >= 400 || sentRequestId(request.raw) !== undefined) head.set("x-request-id", request.id);
  for (const [written, value] of headers ?? none) {
    const name = written.toLowerCase();
    if (name === "content-length" && status === 204) continue; // RFC 9110, 8.6
    if (name === "transfer-encoding")
      throw new TypeError("transfer-encoding: how a body is sent is the server's to say");
    head.set(name, value);
  }
  if (mediaType !== undefined) head.set("content-type", mediaType);
}

const none: HeaderPairs = [];
