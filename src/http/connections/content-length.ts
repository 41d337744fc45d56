import type { Operation } from "../../app/operation.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { Chunk, RawReply } from "../../operation/raw.ts";

/**
 * The chunks of a reply, which must have the length that its own `content-length` announces. On a connection that is kept,
 * a client would take surplus bytes for the beginning of the next response, and the next response for missing bytes.
 *
 * @throws {TypeError} When it announces no length. The chunks throw `OFFLOOP_RESPONSE_INVALID` when more or fewer bytes come.
 */
export function asAnnounced(
  reply: RawReply,
  chunks: AsyncIterable<Chunk>,
  operation: Operation | undefined,
): AsyncIterable<Chunk> {
  const length = announcedLength(reply);
  return length === undefined ? chunks : ofLength(length, chunks, operation);
}

/** The last one counts, as everywhere. */
function announcedLength({ headers = [] }: RawReply): number | undefined {
  const [, value] = headers.findLast(([name]) => name.toLowerCase() === "content-length") ?? [];
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new TypeError(`content-length: expected a number of bytes, got ${JSON.stringify(value)}`);
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
  const whose = operation === undefined ? "the body of an around" : `the body of ${operation.id}`;
  return new OffloopError(
    "OFFLOOP_RESPONSE_INVALID",
    `Cannot send ${whose}: its content-length announces ${length} bytes, it has ${found}`,
    {
      at: operation?.location,
      fix: "leave out content-length, or set it to the number of bytes that the body has",
    },
  );
}
