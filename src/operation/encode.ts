import { types } from "node:util";
import { isBodyless, Reply } from "../app/reply.ts";
import { Events, isEvent, type ServerSentEvent } from "../app/server-sent-events.ts";
import { checkCopy } from "../errors/brand.ts";
import { detailText } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { kindOf } from "../errors/shown-value.ts";
import { nextTurn } from "../errors/timers.ts";
import { type Validated, validate } from "../schema/validate.ts";
import type { CompiledOperation } from "./compile.ts";
import type { Exchange } from "./context.ts";
import type { Chunk, HeaderPairs, RawReply } from "./raw.ts";

/** The parts of an operation that matter for its reply. */
export type ReplyRules = Pick<CompiledOperation, "response" | "jsonType"> & {
  readonly declaration: Pick<CompiledOperation["declaration"], "id" | "status" | "location">;
};

/** The reply for a handler's return value. A promise only when something in it takes time. */
export function encodeReply(
  rules: ReplyRules,
  exchange: Exchange,
  value: unknown,
): RawReply | Promise<RawReply> {
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) !== Object.prototype) {
    if (value instanceof Reply) return encodeHelper(rules, exchange, value);
    if (value instanceof Response) return encodeWebResponse(exchange, value);
    if (types.isGeneratorObject(value)) return encodeItems(rules, exchange, value as Iterable<unknown>);
    checkCopy(value, `answer ${rules.declaration.id}`, rules.declaration.location);
  }
  if (rules.response === undefined) return jsonReply(rules, exchange, value);
  const checked = checkResponse(rules, value);
  if (checked instanceof Promise) return checked.then((late) => jsonReply(rules, exchange, late));
  return jsonReply(rules, exchange, checked);
}

function jsonReply({ declaration, jsonType }: ReplyRules, exchange: Exchange, value: unknown): RawReply {
  const status = exchange.chosenStatus ?? declaration.status;
  const headers = exchange.chosenHeaders;
  const background = exchange.addedTasks;
  if (isBodyless(status) || jsonType === undefined) {
    if (!isBodyless(status) && value != null) throw unexpectedBody(declaration);
    return { status, mediaType: undefined, headers, body: undefined, background, error: undefined };
  }
  const mediaType = headers === undefined ? jsonType : chosenType(headers, jsonType);
  return { status, mediaType, headers, body: toJson(value, declaration), background, error: undefined };
}

/** FastAPI's `response_class=Response` takes no value that is to become JSON, either. */
function unexpectedBody({ id, location: at }: ReplyRules["declaration"]): OffloopError {
  return new OffloopError(
    "OFFLOOP_RESPONSE_INVALID",
    `Cannot answer ${id}: it returned a value, and its responseMediaType is null, which says that it has no body`,
    { at, fix: "return nothing, or remove responseMediaType: null" },
  );
}

/** A content type set by the handler takes precedence over a reply's own. */
function chosenType(headers: HeaderPairs, byDefault: string | undefined): string | undefined {
  return headers.findLast(([name]) => name.toLowerCase() === "content-type")?.[1] ?? byDefault;
}

function encodeHelper(rules: ReplyRules, exchange: Exchange, reply: Reply): RawReply {
  const headers: HeaderPairs = [...(exchange.chosenHeaders ?? []), ...Object.entries(reply.headers)];
  return {
    status: reply.status ?? exchange.chosenStatus ?? rules.declaration.status,
    mediaType: chosenType(headers, reply.mediaType),
    headers,
    body: helperBody(rules, reply),
    background: exchange.addedTasks,
    error: undefined,
  };
}

function helperBody(rules: ReplyRules, reply: Reply): RawReply["body"] {
  if (reply instanceof Events) {
    const { items } = reply;
    return closable(eventChunks(items, rules), items);
  }
  const { content } = reply;
  if (typeof content !== "object" || content instanceof Uint8Array || "file" in content) return content;
  return closable(toChunks(content, rules), content);
}

/** Without this header nginx would hold back what is sent until it fills a buffer. */
const unbuffered: HeaderPairs = [["x-accel-buffering", "no"]];

/** Encodes a generator that a handler is or returns as JSON lines, each item checked as a whole response would be. */
function encodeItems(rules: ReplyRules, exchange: Exchange, items: Iterable<unknown>): RawReply {
  const headers: HeaderPairs = [...unbuffered, ...(exchange.chosenHeaders ?? [])];
  return {
    status: exchange.chosenStatus ?? rules.declaration.status,
    mediaType: chosenType(headers, "application/jsonl"),
    headers,
    body: closable(itemLines(items, rules), items),
    background: exchange.addedTasks,
    error: undefined,
  };
}

function checkResponse({ response, declaration }: ReplyRules, value: unknown): unknown {
  if (response === undefined) return value;
  const checked = validate(response, value, value, ["response"]);
  const accept = (result: Validated): unknown => {
    if (result.details === undefined) return result.value;
    const shown = result.details.map(detailText).join("; ");
    throw new OffloopError(
      "OFFLOOP_RESPONSE_INVALID",
      `Cannot answer ${declaration.id}: its result does not fit its response schema: ${shown}`,
      {
        at: declaration.location,
        fix: "return a value that fits the schema, or change the schema",
      },
    );
  };
  return checked instanceof Promise ? checked.then(accept) : accept(checked);
}

/** The reply for a web `Response`. A body that is complete already is sent whole, with its length. */
async function encodeWebResponse(exchange: Exchange, response: Response): Promise<RawReply> {
  const left = headersLeftOut(response);
  const own: HeaderPairs = [...response.headers].filter(([name]) => !left.has(name));
  return {
    status: response.status,
    mediaType: response.headers.get("content-type") ?? undefined,
    headers: [...(exchange.chosenHeaders ?? []), ...own],
    body: response.body === null ? undefined : await readReady(response.body),
    background: exchange.addedTasks,
    error: undefined,
  };
}

const ownType: ReadonlySet<string> = new Set(["content-type"]);
/** A fetched response also says what was true of its connection: RFC 9110, 7.6.1. */
const fetched: ReadonlySet<string> = new Set([
  ...ownType,
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
]);
/** And of its body as it was sent, which `fetch` has decoded. */
const fetchedEncoded: ReadonlySet<string> = new Set([...fetched, "content-encoding", "content-length"]);

/** What `fetch` decodes; a body with anything else stays as it was sent. */
const decoded: ReadonlySet<string> = new Set(["gzip", "x-gzip", "deflate", "br", "zstd"]);

/** The headers that are not passed on. A response that somebody has made, rather than fetched, has no URL. */
function headersLeftOut({ url, headers }: Response): ReadonlySet<string> {
  if (url === "") return ownType;
  const codings = headers.get("content-encoding")?.toLowerCase().split(",") ?? [];
  const isDecoded = codings.length > 0 && codings.every((coding) => decoded.has(coding.trim()));
  return isDecoded ? fetchedEncoded : fetched;
}

/** A stream that always has more would be read for ever, and nothing else would run meanwhile. */
const MOST_READY = { chunks: 64, bytes: 65_536 };

async function readReady(body: ReadableStream<Uint8Array>): Promise<Chunk | AsyncIterable<Chunk>> {
  const reader = body.getReader();
  const ready: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const next = reader.read();
    const isMuch = ready.length >= MOST_READY.chunks || bytes >= MOST_READY.bytes;
    const read = isMuch ? undefined : await Promise.race([next, nextTurn(undefined)]);
    if (read === undefined)
      return closable(continueReading(reader, ready, next), { destroy: () => void reader.cancel() });
    if (read.done) return Buffer.concat(ready);
    ready.push(read.value);
    bytes += read.value.byteLength;
  }
}

async function* continueReading(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ready: readonly Uint8Array[],
  next: ReturnType<typeof reader.read>,
): AsyncGenerator<Chunk> {
  try {
    yield* ready;
    for (let read = await next; !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel();
  }
}

/** The source of chunks: a stream of Node's or the web's, or any iterable. */
type Source = Items<unknown> | { destroy(): void };

/**
 * Makes chunks that nobody asks for close their source: a generator that has not begun runs no `finally`, and a file
 * that was opened would stay open.
 */
function closable(chunks: AsyncGenerator<Chunk>, source: Source): AsyncIterableIterator<Chunk> {
  let hasBegun = false;
  return {
    next() {
      hasBegun = true;
      return chunks.next();
    },
    async return() {
      if (!hasBegun) await closeSource(source);
      return chunks.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function closeSource(source: Source): Promise<void> {
  if ("destroy" in source) return source.destroy();
  if (source instanceof ReadableStream) return source.cancel();
  // A generator, or anything else that is its own iterator.
  if ("return" in source && typeof source.return === "function") await source.return();
}

type Items<T> = AsyncIterable<T> | Iterable<T>;

/** Chunks as one kind of iterable. Leaving it closes the source. */
async function* toChunks(chunks: Items<Chunk>, { declaration }: ReplyRules): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array))
      throw new OffloopError(
        "OFFLOOP_REPLY_INVALID",
        `Cannot send a stream of ${declaration.id}: expected chunks of text or bytes, got ${kindOf(chunk)}`,
        {
          at: declaration.location,
          fix: "yield text or bytes, or return the generator itself, without stream(): then each value is sent as JSON",
        },
      );
    yield chunk;
  }
}

/** Writes one JSON value per line. */
async function* itemLines(items: Items<unknown>, rules: ReplyRules): AsyncGenerator<Chunk> {
  for await (const item of items) yield `${toJson(await checkResponse(rules, item), rules.declaration)}\n`;
}

/** Server-sent events, with the fields in the order in which Starlette and FastAPI write them. */
async function* eventChunks(items: Items<unknown>, rules: ReplyRules): AsyncGenerator<Chunk> {
  for await (const item of items) {
    const fields = isEvent(item) ? item : { data: item };
    const data =
      fields.data === undefined
        ? undefined
        : toJson(await checkResponse(rules, fields.data), rules.declaration);
    yield eventText(fields, data);
  }
}

function eventText({ comment, event, text, id, retry }: ServerSentEvent, data: string | undefined): string {
  const lines = [
    ...fieldLines("", comment),
    ...fieldLines("event", event),
    ...fieldLines("data", data ?? text),
    ...fieldLines("id", id),
    ...fieldLines("retry", retry),
  ];
  return `${lines.join("\n")}\n\n`;
}

function fieldLines(name: string, value: string | number | undefined): string[] {
  if (value === undefined) return [];
  return String(value)
    .split(/\r\n|[\r\n]/)
    .map((line) => `${name}: ${line}`);
}

/** How deep to look into a value before it is taken for one that needs care. */
const MAX_DEPTH = 64;

/**
 * A value as JSON, the same on both lanes. As with `JSON.stringify`, `undefined` fields are left out, `toJSON` is
 * called (a `Date` becomes RFC 3339 in UTC), and `NaN` and infinities are `null`. In addition, a bigint becomes a
 * number with all its digits, a `Map` an object, a `Set` an array, and binary data base64. `undefined` itself is
 * `null`, as FastAPI writes None.
 *
 * @param declaration - What it is the result of.
 * @throws {OffloopError} `OFFLOOP_RESPONSE_INVALID` when it contains a promise, which `JSON.stringify` writes as `{}`.
 */
export function toJson(
  value: unknown,
  declaration?: Pick<ReplyRules["declaration"], "id" | "location">,
): string {
  try {
    return (isPlain(value, 0) ? JSON.stringify(value) : JSON.stringify(value, replace)) ?? "null";
  } catch (error) {
    throw error instanceof FoundPromise ? unawaited(error.key, declaration) : error;
  }
}

/** Whether `JSON.stringify` alone is enough: a replacer costs several times as much as this check. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "bigint") return false;
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value instanceof Date;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}

/** `this` holds the value before its `toJSON`: that of a Buffer does not return base64. */
function replace(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (typeof value === "bigint") return rawJson(String(value));
  if (ArrayBuffer.isView(original))
    return Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString("base64");
  if (original instanceof ArrayBuffer || original instanceof SharedArrayBuffer)
    return Buffer.from(original).toString("base64");
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (types.isPromise(value)) throw new FoundPromise(key);
  return value;
}

/** Ends the writing of a value that contains a promise. */
class FoundPromise extends Error {
  readonly key: string;

  constructor(key: string) {
    super("a promise");
    this.key = key;
  }
}

function unawaited(key: string, declaration: Parameters<typeof toJson>[1]): OffloopError {
  const result = declaration === undefined ? "the result" : `the result of ${declaration.id}`;
  return new OffloopError("OFFLOOP_RESPONSE_INVALID", `Cannot send ${result}: its "${key}" is a promise`, {
    at: declaration?.location,
    fix: "await it, or Promise.all(...) of several, before it is returned",
  });
}

/** JSON text to be written verbatim: V8 has it, TypeScript's library does not declare it yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };
