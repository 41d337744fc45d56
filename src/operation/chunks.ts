import { isEvent, type ServerSentEvent } from "../app/sse.ts";
import { toJson } from "./json.ts";
import type { Chunk } from "./raw.ts";

type Items<T> = AsyncIterable<T> | Iterable<T>;
/** Validates one item, and gives what is sent of it. */
type Check = (item: unknown) => unknown;

/** Chunks as one kind of iterable. Leaving it closes what it is made of. */
export async function* toChunks(chunks: Items<Chunk>): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array))
      throw new TypeError(`stream: expected chunks of text or bytes, got ${typeof chunk}`);
    yield chunk;
  }
}

/** A JSON value a line. */
export async function* itemLines(items: Items<unknown>, check: Check): AsyncGenerator<Chunk> {
  for await (const item of items) yield `${toJson(await check(item))}\n`;
}

/** Server-sent events, in the order of fields in which Starlette and FastAPI write them. */
export async function* eventChunks(items: Items<unknown>, check: Check): AsyncGenerator<Chunk> {
  for await (const item of items) {
    const fields = isEvent(item) ? item : { data: item };
    const data = fields.data === undefined ? undefined : toJson(await check(fields.data));
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
