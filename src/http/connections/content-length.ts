import type { Operation } from "../../app/operation.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import type { Chunk, RawReply } from "../../operation/raw.ts";

/**
 * The chunks of a reply, which must have the length that its own `content-length` announces. On a connection that is kept,
 * a client would take surplus bytes for the beginning of the next response, and the next response for missing bytes.
 *
 * @throws {OffloopError} `OFFLOOP_REPLY_INVALID` when it announces no length. The chunks throw `OFFLOOP_RESPONSE_INVALID`
 * when more or fewer bytes come.
 */
export function asAnnounced(
  reply: RawReply,
  chunks: AsyncIterable<Chunk>,
  operation: Operation | undefined,
): AsyncIterable<Chunk> {
  const length = announcedLength(reply, operation);
  return length === undefined ? chunks : ofLength(length, chunks, operation);
}

/** The last one counts, as everywhere. */
function announcedLength({ headers = [] }: RawReply, operation: Operation | undefined): number | undefined {
  const [, value] = headers.findLast(([name]) => name.toLowerCase() === "content-length") ?? [];
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new OffloopError(
    "OFFLOOP_REPLY_INVALID",
    `Cannot send ${bodyOf(operation)}: expected a number of bytes as its content-length, got ${shownValue(value)}`,
    { at: operation?.location, fix: "leave out content-length" },
  );
}

async function* ofLength(
  length: number,
  chunks: AsyncIterable<Chunk>,
  operation: Operation | undefined,
): AsyncGenerator<Chunk> {
  let size = 0;
  for await (const chunk of chunks) {
    size += Buffer.byteLength(chunk);
    if (size > length) throw lengthDiffers(length, "more", operation);
    yield chunk;
  }
  if (size < length) throw lengthDiffers(length, `only ${size}`, operation);
}

function lengthDiffers(length: number, found: string, operation: Operation | undefined): OffloopError {
  return new OffloopError(
    "OFFLOOP_RESPONSE_INVALID",
    `Cannot send ${bodyOf(operation)}: its content-length announces ${length} bytes, it has ${found}`,
    {
      at: operation?.location,
      fix: "leave out content-length, or set it to the number of bytes that the body has",
    },
  );
}

function bodyOf(operation: Operation | undefined): string {
  return operation === undefined ? "the body of an around" : `the body of ${operation.id}`;
}
