import { brand } from "../errors/brand.ts";

/** A file to send. */
export interface FileContent {
  /** Where it is. */
  readonly file: string;
}

/** What a reply carries: text, bytes, a file, or chunks that are made while it is sent. */
export type ReplyContent =
  | string
  | Uint8Array
  | FileContent
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>
  | undefined;

/** Status and headers of a reply. */
export interface ReplyOptions {
  /** Its status, 200-599. Default: the context's `response.status`, or the operation's `status`. */
  readonly status?: number;
  /** Headers added to those of the context's `response`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A response that is not a plain value; what `html`, `text`, `redirect`, `file`, `stream` and `sse` make.
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
  /** What it carries. */
  readonly content: ReplyContent;
  /** Its `content-type`; undefined when it has none. */
  readonly mediaType: string | undefined;
  /** Its status; undefined: as declared. */
  readonly status: number | undefined;
  /** Its headers. */
  readonly headers: Readonly<Record<string, string>>;

  /** @internal */
  constructor(content: ReplyContent, mediaType: string | undefined, options: ReplyOptions) {
    this.content = content;
    this.mediaType = mediaType;
    this.status = options.status;
    this.headers = options.headers ?? {};
  }
}

brand(Reply.prototype);

/**
 * Answers with HTML.
 *
 * @param content - The page. It is sent as it is: escape what users wrote.
 * @param options - Status and headers.
 * @returns The reply, to be returned by the handler.
 * @example
 * ```ts
 * import { App, html } from "offloop";
 *
 * const app = new App();
 * app.get("/", async () => html("<h1>Hello</h1>"));
 * ```
 */
export function html(content: string, options: ReplyOptions = {}): Reply {
  return new Reply(content, "text/html; charset=utf-8", options);
}

/**
 * Answers with plain text; a string that is returned as it is goes out as JSON, in quotes.
 *
 * @param content - The text.
 * @param options - Status and headers.
 * @returns The reply, to be returned by the handler.
 * @example
 * ```ts
 * import { App, text } from "offloop";
 *
 * const app = new App();
 * app.get("/robots.txt", async () => text("User-agent: *"));
 * ```
 */
export function text(content: string, options: ReplyOptions = {}): Reply {
  return new Reply(content, "text/plain; charset=utf-8", options);
}

/**
 * Sends the client elsewhere.
 *
 * @param location - Where: a URL or a path. What is not allowed in a URL is escaped.
 * @param status - 300-399. Default 307: the same method again.
 * @returns The reply, to be returned by the handler.
 * @throws {RangeError} For a status that is not of 300-399.
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
    throw new RangeError(`redirect: expected a status of 300-399, got ${String(status)}`);
  return new Reply(undefined, undefined, {
    status,
    headers: { location: encodeURI(decoded(String(location))) },
  });
}

/** What is escaped already must not be escaped again. */
function decoded(location: string): string {
  try {
    return decodeURI(location);
  } catch {
    return location;
  }
}

/** Options of {@link file}. */
export interface FileOptions extends ReplyOptions {
  /** Its media type. Default: by the extension of the path. */
  readonly mediaType?: string;
  /** Has browsers save it under this name. Default: they show it. */
  readonly filename?: string;
}

/**
 * Sends a file, with its size, its time and an `ETag`; a `Range` of it, or 304, when the request asks for that. A file
 * that is not there is a mistake of the operation: 500.
 *
 * @param path - Where it is, relative to the working directory. Never one that a client has made up.
 * @param options - Media type, the name to save it under, status and headers.
 * @returns The reply, to be returned by the handler.
 * @example
 * ```ts
 * import { App, file } from "offloop";
 *
 * const app = new App();
 * app.get("/report", async () => file("report.pdf", { filename: "July.pdf" }));
 * ```
 */
export function file(path: string, options: FileOptions = {}): Reply {
  const { mediaType, filename, headers, ...rest } = options;
  const disposition = filename === undefined ? {} : { "content-disposition": attachment(filename) };
  return new Reply({ file: path }, mediaType, { ...rest, headers: { ...disposition, ...headers } });
}

/** RFC 6266: a plain name in quotes, any other in RFC 8187's encoding. */
function attachment(filename: string): string {
  const encoded = encodeURIComponent(filename).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return encoded === filename
    ? `attachment; filename="${filename}"`
    : `attachment; filename*=utf-8''${encoded}`;
}

/** Options of {@link stream}. */
export interface StreamOptions extends ReplyOptions {
  /** Its media type. Default none. */
  readonly mediaType?: string;
}

/**
 * Sends chunks as they are made, no faster than the client takes them. A plain generator is run on the operation's
 * thread, each chunk when it is asked for; one that holds a resource closes it in a `finally`, also when the client
 * hangs up.
 *
 * @param chunks - What to send: a generator, a Node or web stream, or anything else that can be iterated.
 * @param options - Media type, status and headers.
 * @returns The reply, to be returned by the handler.
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
  return new Reply(typeof chunks === "string" ? [chunks] : chunks, mediaType, rest);
}

/** Whether a response of this status has no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
