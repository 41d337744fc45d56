import { brand } from "../errors/brand.ts";
import { isFinalStatus, wrongStatus } from "../errors/http-error.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import { checkHeaderRecord, checkHeaders, replyMistake } from "../errors/reply-mistake.ts";
import { shownValue } from "../errors/shown-value.ts";

/** A file to send. */
export interface FileContent {
  /** Its path. */
  readonly file: string;
}

/** The content of a reply: text, bytes, a file, or chunks that are produced while it is sent. */
type ReplyContent =
  | string
  | Uint8Array
  | FileContent
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>
  | undefined;

/**
 * Status and headers of a reply. The helpers throw `OFFLOOP_REPLY_INVALID` for another status, a header that HTTP does not
 * allow, or content that is neither text, bytes, a file nor an iterable.
 */
export interface ReplyOptions {
  /** Its status, 200-599. Default: the context's `response.status`, or the operation's `status`. */
  readonly status?: number | undefined;
  /** Headers added to those of the context's `response`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * A response other than a plain value, as made by `html`, `text`, `redirect`, `file`, `stream` and `sse`.
 *
 * @example
 * ```ts
 * import { App, type Reply, text } from "offloop";
 *
 * function greet(name: string): Reply {
 *   return text(`Hello ${name}`, { headers: { "x-greeting": "yes" } });
 * }
 *
 * const app = new App();
 * app.get("/hello/:name", async ({ params }) => greet(params.name));
 * ```
 */
export class Reply {
  /** Its content. */
  readonly content: ReplyContent;
  /** Its `content-type`; undefined when it has none. */
  readonly mediaType: string | undefined;
  /** Its status; undefined: as declared. */
  readonly status: number | undefined;
  /** Its headers. */
  readonly headers: Readonly<Record<string, string>>;

  /** @internal */
  constructor(content: ReplyContent, mediaType: string | undefined, { status, headers = {} }: ReplyOptions) {
    checkContent(content);
    checkStatus(status);
    checkHeaders(MAKING, headers);
    if (mediaType !== undefined) checkHeaders(MAKING, { "content-type": mediaType });
    this.content = content;
    this.mediaType = mediaType;
    this.status = status;
    this.headers = headers;
  }
}

brand(Reply.prototype);

/** What cannot be sent must not get as far as the connection: the types do not see what comes out of an `any`. */
function checkContent(content: unknown): void {
  if (content === undefined || typeof content === "string" || content instanceof Uint8Array) return;
  if (isFile(content) || isIterable(content)) return;
  throw unfit("text, bytes or an iterable", content);
}

function isFile(content: unknown): boolean {
  return typeof (content as Partial<FileContent> | null)?.file === "string";
}

/** Whether chunks or items can be taken from a value. */
export function isIterable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

const MAKING = "make a reply";

/** The error of content that cannot be sent. */
export function unfit(
  expected: string,
  content: unknown,
  fix = "pass that, or return the value itself, which is sent as JSON",
): OffloopError {
  return replyMistake(MAKING, `expected ${expected}, got ${shownValue(content)}`, fix);
}

function checkStatus(status: number | undefined): void {
  if (status === undefined || isFinalStatus(status)) return;
  throw wrongStatus(MAKING, status, "write { status: 201 }, or leave it out");
}

/**
 * Answers with HTML.
 *
 * @param content - The page. It is sent unchanged: escape what users wrote.
 * @param options - Status and headers.
 * @returns The reply, for the handler to return.
 * @example
 * ```ts
 * import { App, html } from "offloop";
 *
 * const app = new App();
 * app.get("/", async () => html("<h1>Hello</h1>"));
 * ```
 */
export function html(content: string, options: ReplyOptions = {}): Reply {
  return textReply(content, "text/html; charset=utf-8", options);
}

/**
 * Answers with plain text. (A string that a handler returns directly is sent as JSON, in quotes.)
 *
 * @param content - The text.
 * @param options - Status and headers.
 * @returns The reply, for the handler to return.
 * @example
 * ```ts
 * import { App, text } from "offloop";
 *
 * const app = new App();
 * app.get("/robots.txt", async () => text("User-agent: *"));
 * ```
 */
export function text(content: string, options: ReplyOptions = {}): Reply {
  return textReply(content, "text/plain; charset=utf-8", options);
}

function textReply(content: unknown, mediaType: string, options: ReplyOptions): Reply {
  if (typeof content !== "string") throw unfit("text", content);
  return new Reply(content, mediaType, options);
}

/**
 * Redirects the client.
 *
 * @param location - The target: a URL or a path. Characters that are not allowed in a URL are escaped; existing escapes
 * stay unchanged.
 * @param status - 300-399. Default 307: the same method again.
 * @returns The reply, for the handler to return.
 * @throws {OffloopError} `OFFLOOP_REPLY_INVALID` for a status outside 300-399.
 * @example
 * ```ts
 * import { App, redirect } from "offloop";
 *
 * const app = new App();
 * app.get("/typer", async () => redirect("https://typer.tiangolo.com"));
 * ```
 */
export function redirect(location: string | URL, status = 307): Reply {
  if (!Number.isInteger(status) || status < 300 || status > 399)
    throw replyMistake(
      "redirect",
      `expected a status from 300 to 399, got ${shownValue(status)}`,
      'write redirect("/new", 308), or leave it out',
    );
  return new Reply(undefined, undefined, {
    status,
    headers: { location: quote(String(location)) },
  });
}

/** Everything except the characters that Starlette's redirect leaves unchanged: existing escapes are not escaped again. */
const UNSAFE = /[^\w.~:/%#?=@[\]!$&'()*+,;-]+/g;

function quote(location: string): string {
  return location.toWellFormed().replaceAll(UNSAFE, encodeURIComponent);
}

/** Options of {@link file}. */
export interface FileOptions extends ReplyOptions {
  /** Its media type. Default: from the extension of the path. Text without a `charset` is sent as UTF-8. */
  readonly mediaType?: string | undefined;
  /** Makes browsers save it under this name. Default: they show it. */
  readonly filename?: string | undefined;
}

/**
 * Sends a file, with its size, its modification time and an `ETag`; a `Range` of it, or 304, when a GET asks for that,
 * and 304 to a HEAD, too. A missing file is a mistake of the operation: 500.
 *
 * @param path - Its path, relative to the working directory. Never use one that a client has made up.
 * @param options - Media type, the name to save it under, status and headers.
 * @returns The reply, for the handler to return.
 * @example
 * ```ts
 * import { App, file } from "offloop";
 *
 * const app = new App();
 * app.get("/report", async () => file("report.pdf", { filename: "July.pdf" }));
 * ```
 */
export function file(path: string, options: FileOptions = {}): Reply {
  if (typeof path !== "string")
    throw unfit("the path of a file", path, "pass its path as a text: fileURLToPath(url) makes one of a URL");
  const { mediaType, filename, headers, ...rest } = options;
  const disposition = filename === undefined ? {} : { "content-disposition": attachment(filename) };
  return new Reply({ file: path }, withCharset(mediaType), {
    ...rest,
    headers: addedTo(disposition, headers),
  });
}

/** A helper's own headers with those it was given, before what has no entries would be lost. The reply checks each of them. */
export function addedTo(
  own: Readonly<Record<string, string>>,
  headers: ReplyOptions["headers"] = {},
): typeof own {
  checkHeaderRecord(MAKING, headers);
  return { ...own, ...headers };
}

/** RFC 6266: a plain name in quotes, any other name in RFC 8187's encoding. */
function attachment(filename: string): string {
  const encoded = encodeURIComponent(filename.toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return encoded === filename
    ? `attachment; filename="${filename}"`
    : `attachment; filename*=utf-8''${encoded}`;
}

/** Options of {@link stream}. */
export interface StreamOptions extends ReplyOptions {
  /** Its media type. Default none. Text without a `charset` is sent as UTF-8. */
  readonly mediaType?: string | undefined;
}

/**
 * Sends chunks as they are produced, no faster than the client takes them. A plain generator runs on the operation's
 * thread, one chunk at a time on demand. The head is sent with the first chunk, or after a second without one: an error
 * before it is answered like any other, and one after it breaks the response off. If yours holds a resource, close it in a
 * `finally`, which also runs when the client hangs up.
 *
 * @param chunks - What to send: a generator, a Node or web stream, or any other iterable.
 * @param options - Media type, status and headers.
 * @returns The reply, for the handler to return.
 * @example
 * ```ts
 * import { App, stream } from "offloop";
 *
 * function* lines() {
 *   for (let n = 1; n <= 1000; n++) yield `${n}\n`;
 * }
 *
 * const app = new App();
 * app.get("/numbers", () => stream(lines(), { mediaType: "text/plain" }));
 * ```
 */
export function stream(
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  options: StreamOptions = {},
): Reply {
  const { mediaType, ...rest } = options;
  if (chunks === undefined) throw unfit("an iterable of text or bytes", chunks);
  return new Reply(typeof chunks === "string" ? [chunks] : chunks, withCharset(mediaType), rest);
}

/** Browsers take text that does not name its encoding for that of their country. Starlette's rule. */
function withCharset(mediaType: string | undefined): string | undefined {
  const isSilent = mediaType !== undefined && /^text\//i.test(mediaType) && !/charset=/i.test(mediaType);
  return isSilent ? `${mediaType}; charset=utf-8` : mediaType;
}

/** Whether a response of this type never ends by itself, and its client waits for no more than its head. */
export function isEventStream(mediaType: string | undefined): boolean {
  return mediaType?.startsWith("text/event-stream") === true;
}

/** Whether a response with this status has no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
