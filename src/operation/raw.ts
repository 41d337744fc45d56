import querystring from "node:querystring";
import { parseCookie } from "cookie";
import fastQuerystring from "fast-querystring";
import type { ClientAddress } from "../app/context.ts";
import type { Log } from "../app/log.ts";
import type { FileContent } from "../app/reply.ts";
import type { BackgroundCall } from "../app/tasks/background.ts";
import type { ReceivedFile } from "../app/uploaded-file.ts";
import type { DescribedError } from "../errors/described-error.ts";

/** A field or file of a form, in the order it was sent. */
export type FormPart = readonly [name: string, value: string | ReceivedFile];

/** A request as the pipeline takes it: bytes and strings. */
export interface RawRequest {
  /** Its id in the log. */
  readonly id: string;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** The prefix before the app's own paths. */
  readonly rootPath: string;
  /** The scheme, `https`; or the whole origin, if a trusted proxy gives it. */
  readonly via: string;
  /** The parsed query of the URL: parsed by the router, or when a thread asks for it. */
  readonly query: QueryValues;
  /** The parameters that the router took from the path; undefined when the path has none. */
  readonly params: Readonly<Record<string, string>> | undefined;
  /** Alternating names and values, as sent. */
  readonly headers: readonly string[];
  /** The bytes of the body; undefined when there were none. */
  readonly body: Uint8Array | undefined;
  /** A body to be read while it arrives; undefined when it is there as a whole. */
  readonly unread?: UnreadBody | undefined;
  /** Aborts when nobody waits for the answer any more: the client hung up, or the deadline passed. */
  readonly signal: AbortSignal;
  /** The log, with this request's id in every line. */
  readonly log: Log;
  /** What `log.setBindings` has added to its lines on this side; undefined where that is nothing. */
  readonly bindings?: object | undefined;
  /** The parts of a multipart body, which replace its bytes where the operation declares a form. */
  readonly parts: readonly FormPart[] | undefined;
  /** Where the connection comes from. */
  readonly client: ClientAddress;
}

/** A body that is read while it arrives. */
export interface UnreadBody {
  /**
   * The next piece; undefined at the end. Call it again only after the previous piece has come.
   *
   * @throws {HTTPError} 413 when the body is too large, 400 when it cannot be decoded.
   * @throws {DOMException} When nobody waits for the answer any more.
   * @throws {OffloopError} `OFFLOOP_BODY_STREAM` when it has already been read.
   */
  next(): Promise<Uint8Array | undefined>;
  /** The same, blocking until there is a piece; undefined on the event loop. */
  readonly nextSync?: () => Uint8Array | undefined;
}

/** A body that arrives here. */
export interface ArrivingBody extends UnreadBody {
  /** Calls the listener when no more of the body can be read because the request is over; at once if it already is. */
  onClose(listener: () => void): void;
  /** Who ended the request, if it ended before its answer was sent. */
  readonly endedBy: EndedBy;
}

/** Header names and values in pairs; a name may occur more than once. */
export type HeaderPairs = readonly (readonly [string, string])[];

/** A chunk of a streamed body. A string is written as UTF-8. */
export type Chunk = string | Uint8Array;

/** A response as the pipeline returns it: ready to be written. */
export interface RawReply {
  readonly status: number;
  /** The body's media type; undefined when there is no body, or when the file's extension determines it. */
  readonly mediaType: string | undefined;
  readonly headers: HeaderPairs | undefined;
  /** The body: a whole, a file, or chunks to be pulled. A string is written as UTF-8. */
  readonly body: Chunk | FileContent | AsyncIterable<Chunk> | undefined;
  /** Tasks to run after it is sent. More may be added while the body is being produced, and while these run. */
  readonly background: BackgroundCall[] | undefined;
  /** What the handler threw, for the log, when it is not meant for the client. */
  readonly error: DescribedError | undefined;
  /** Signals that the tasks have run, so that any added later is refused. Undefined when none can come. */
  readonly endTasks?: (() => void) | undefined;
  /**
   * Closes what is still open, after the background tasks; receives what went wrong in them. Undefined when nothing is
   * open. Throws what went wrong in closing.
   */
  readonly finish?: ((failure: { readonly error: unknown } | undefined) => Promise<void>) | undefined;
}

/** A success without a body, as a starting point. */
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

/** Closes the source of a body that is not sent. None of it has been asked for. */
export function discardBody({ body }: Pick<RawReply, "body">): void {
  if (isWhole(body) || "file" in body) return;
  body[Symbol.asyncIterator]()
    .return?.()
    .catch(() => {}); // the answer is another one, and does not mention this
}

/** Whether the body is complete before it is sent. */
export function isReady(body: RawReply["body"]): body is Chunk | FileContent | undefined {
  return isWhole(body) || "file" in body;
}

/** Whether the bytes fill their buffer: cloning a window on a larger buffer takes all of it along. */
export function ownsBuffer({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength && buffer instanceof ArrayBuffer;
}

/** The parsed query, by name. A name that occurs several times has all its values. */
export type QueryValues = Readonly<Record<string, string | string[]>>;

/**
 * Parses the part after the `?`, or an urlencoded body; the same on both lanes, and in the router. As in Starlette, a `%` that
 * encodes nothing stands for itself, and bytes that are not UTF-8 become U+FFFD.
 */
export function parseQuery(text: string): QueryValues {
  const values = fastQuerystring.parse(text) as QueryValues;
  return text.includes("%") && hasPercent(values)
    ? (querystring.parse(text, "&", "=", all) as QueryValues)
    : values;
}

const all = { maxKeys: 0 };

/** Whether a `%` is left: the fast parser does not decode a text if any part of it cannot be decoded. */
function hasPercent(values: QueryValues): boolean {
  for (const name in values)
    if (name.includes("%") || [values[name]].flat().some((value) => value?.includes("%"))) return true;
  return false;
}

/** Whether a query or an urlencoded body has at most this many pairs. Counts no further. */
export function hasAtMost(text: string, maxPairs: number): boolean {
  if (text.length < 2 * maxPairs) return true;
  let at = -1;
  for (let pairs = 1; pairs <= maxPairs; pairs++) {
    at = text.indexOf("&", at + 1);
    if (at === -1) return true;
  }
  return false;
}

/** The parsed query of a URL. */
export function queryOf(url: string): QueryValues {
  const start = url.indexOf("?");
  return parseQuery(start === -1 ? "" : url.slice(start + 1));
}

/** All values of a header, in the order they were sent. `name` is in lower case. */
export function headerValues({ headers }: RawRequest, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const candidate = headers[i] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      values.push(headers[i + 1] ?? "");
  }
  return values;
}

/** The first value of a header, as in Starlette, or undefined. `name` is in lower case. */
export function headerValue({ headers }: Pick<RawRequest, "headers">, name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const candidate = headers[i] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

/**
 * RFC 9110, 7.2: a name or an address, and a port. Anything else that a client writes there would end the host, or
 * begin another.
 */
const HOST = /^(?:[\w.~!$&'()*+,;=-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** Scheme and host as the beginning of a URL; empty when the host is invalid. */
export function originFrom(scheme: string, host: string): string {
  return HOST.test(host) ? `${scheme}://${host}` : "";
}

/** The request's cookies by name, as Starlette reads them: the last one of each name, without its quotes. */
export function readCookies(request: RawRequest): Record<string, string | undefined> {
  const pairs = headerValues(request, "cookie").join(";").split(";");
  // The parser takes the first cookie of each name.
  return parseCookie(pairs.reverse().join(";"), { decode: unquoted });
}

/** RFC 6265's cookie-octets. */
const UNQUOTED = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** A cookie's value as it is sent, encoded as Python does: in quotes where needed, with other bytes in octal. */
export function quoted(value: string): string {
  if (UNQUOTED.test(value)) return value;
  return `"${Buffer.from(value, "utf8")
    .toString("latin1")
    .replaceAll(/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g, octal)}"`;
}

/** The value of a cookie that came in quotes; any other value is returned unchanged. */
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

/** Who ended a request before its answer was sent: the client by leaving, or the server by shutting down. */
export type EndedBy = "client" | "shutdown";

/** What the reason of its `signal` says, on both lanes. */
export const endReasons: Readonly<Record<EndedBy, string>> = {
  client: "The client has hung up",
  shutdown: "The server shuts down",
};

/** The reason that its `signal` aborts with. */
export function endReason(by: EndedBy): DOMException {
  return new DOMException(endReasons[by], "AbortError");
}
