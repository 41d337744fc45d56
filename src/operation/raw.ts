import { parseCookie } from "cookie";
import querystring from "fast-querystring";
import type { BackgroundCall } from "../app/background.ts";
import type { ClientAddress } from "../app/context.ts";
import type { Log } from "../app/log.ts";
import type { FileContent } from "../app/reply.ts";
import type { ReceivedFile } from "../app/uploaded-file.ts";
import type { DescribedError } from "../errors/described-error.ts";

/** A field or file of a form, in the order sent. */
export type FormPart = readonly [name: string, value: string | ReceivedFile];

/** A request as the pipeline takes it: bytes and strings. */
export interface RawRequest {
  /** Its number in the log. */
  readonly id: string;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** What stands before the app's own paths. */
  readonly rootPath: string;
  /** The scheme, `https`; or the whole origin, where a proxy that is trusted says it. */
  readonly via: string;
  /** What the URL's query says: parsed by the router, or when a thread asks for it. */
  readonly query: QueryValues;
  /** What the router took from the path; undefined when the path has no names. */
  readonly params: Readonly<Record<string, string>> | undefined;
  /** Names and values in turn, as sent. */
  readonly headers: readonly string[];
  /** The body's bytes; undefined when there were none. */
  readonly body: Uint8Array | undefined;
  /** A body that is left to be read while it arrives; undefined where it is there as a whole. */
  readonly unread?: UnreadBody | undefined;
  /** Aborts when nobody waits for the answer any more: the client hung up, or the deadline passed. */
  readonly signal: AbortSignal;
  /** The log, with this request's id in every line. */
  readonly log: Log;
  /** The parts of a multipart body, read instead of its bytes where the operation declares a form. */
  readonly parts: readonly FormPart[] | undefined;
  /** Where the connection comes from. */
  readonly client: ClientAddress;
}

/** A body that is read while it arrives. */
export interface UnreadBody {
  /**
   * The next piece; undefined at the end. Asked for one after another.
   *
   * @throws {HTTPError} 413 when it is larger than it may be, 400 when it cannot be decoded.
   * @throws {DOMException} When nobody waits for the answer any more.
   * @throws {OffloopError} `OFFLOOP_BODY_STREAM` when it has been read.
   */
  next(): Promise<Uint8Array | undefined>;
  /** The same, blocking until there is one; undefined on the event loop. */
  readonly nextSync?: () => Uint8Array | undefined;
}

/** One that arrives here. */
export interface ArrivingBody extends UnreadBody {
  /** Tells when nothing more of it can be read, since the request is over; at once when it is. */
  onClose(listener: () => void): void;
}

/** Header names and values in pairs; a name may come twice. */
export type HeaderPairs = readonly (readonly [string, string])[];

/** A chunk of a streamed body. A string is written as UTF-8. */
export type Chunk = string | Uint8Array;

/** A response as the pipeline gives it: ready to be written. */
export interface RawReply {
  readonly status: number;
  /** The body's media type; undefined when there is no body, or when the file's extension says it. */
  readonly mediaType: string | undefined;
  readonly headers: HeaderPairs | undefined;
  /** The body: a whole, a file, or chunks to be pulled. A string is written as UTF-8. */
  readonly body: Chunk | FileContent | AsyncIterable<Chunk> | undefined;
  /** What runs after it is sent. There may come more while the body is being made, and while these run. */
  readonly background: BackgroundCall[] | undefined;
  /** What the handler threw, when that is not meant for the client: for the log. */
  readonly error: DescribedError | undefined;
  /** Says that the tasks have run, so that one which is added after that is refused. Undefined when none can come. */
  readonly endTasks?: (() => void) | undefined;
  /**
   * Closes what is still open, after the background tasks; given what went wrong in them. Undefined when nothing is.
   * Throws what went wrong in closing.
   */
  readonly finish?: ((failure: { readonly error: unknown } | undefined) => Promise<void>) | undefined;
}

/** A success without a body, to be filled in. */
export const emptyReply: RawReply = {
  status: 200,
  mediaType: undefined,
  headers: undefined,
  body: undefined,
  background: undefined,
  error: undefined,
};

/** Whether a body is sent in one piece. */
export function isWhole(body: RawReply["body"]): body is Chunk | undefined {
  return body === undefined || typeof body === "string" || body instanceof Uint8Array;
}

/** Closes what would have made a body that is not sent. Nothing of it has been asked for. */
export function discardBody({ body }: Pick<RawReply, "body">): void {
  if (isWhole(body) || "file" in body) return;
  body[Symbol.asyncIterator]()
    .return?.()
    .catch(() => {}); // the answer is another, and says nothing of this one
}

/** Whether nothing of it is made any more while it is sent. */
export function isReady(body: RawReply["body"]): body is Chunk | FileContent | undefined {
  return isWhole(body) || "file" in body;
}

/** Whether bytes are all of their buffer: a window on a larger one takes that along where it is cloned. */
export function ownsBuffer({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength && buffer instanceof ArrayBuffer;
}

/** What a query says, by name. A name that came several times has all its values. */
export type QueryValues = Readonly<Record<string, string | string[]>>;

/** Parses what stands behind the `?`; the same on both lanes, and in the router. */
export const parseQuery: (text: string) => QueryValues = querystring.parse as (text: string) => QueryValues;

/** Whether a query or an urlencoded body has no more than so many pairs. Counts no further. */
export function hasAtMost(text: string, maxPairs: number): boolean {
  if (text.length < 2 * maxPairs) return true;
  let at = -1;
  for (let pairs = 1; pairs <= maxPairs; pairs++) {
    at = text.indexOf("&", at + 1);
    if (at === -1) return true;
  }
  return false;
}

/** What the query of a URL says. */
export function queryOf(url: string): QueryValues {
  const start = url.indexOf("?");
  return parseQuery(start === -1 ? "" : url.slice(start + 1));
}

/** All values of a header, in the order sent. `name` in lower case. */
export function headerValues({ headers }: RawRequest, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const candidate = headers[i] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      values.push(headers[i + 1] ?? "");
  }
  return values;
}

/** The first value of a header, as Starlette takes it, or undefined. `name` in lower case. */
export function headerValue({ headers }: RawRequest, name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const candidate = headers[i] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

/** RFC 9110, 7.2: a name or an address, and a port. What else a client writes there would end the host, or begin another. */
const HOST = /^(?:[\w.~!$&'()*+,;=-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** Scheme and host as a URL begins with them; empty for what is no host. */
export function originFrom(scheme: string, host: string): string {
  return HOST.test(host) ? `${scheme}://${host}` : "";
}

/** The request's cookies, by name, as Starlette reads them: the last of a name, without its quotes. */
export function readCookies(request: RawRequest): Record<string, string | undefined> {
  const pairs = headerValues(request, "cookie").join(";").split(";");
  // The parser takes the first of a name.
  return parseCookie(pairs.reverse().join(";"), { decode: unquoted });
}

/** RFC 6265's cookie-octets. */
const UNQUOTED = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** A cookie's value as it is sent, in Python's way: in quotes where it needs them, with other bytes in octal. */
export function quoted(value: string): string {
  if (UNQUOTED.test(value)) return value;
  return `"${Buffer.from(value, "utf8")
    .toString("latin1")
    .replaceAll(/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g, octal)}"`;
}

/** The value of a cookie that came in quotes; any other is as it is. */
export function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  const inner = value.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  const bytes = inner.replaceAll(/\\(?:([0-3][0-7][0-7])|(.))/gs, (_, digits?: string, other?: string) =>
    digits === undefined ? (other ?? "") : String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function octal(byte: string): string {
  return `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
}
