import type { IncomingMessage } from "node:http";
import { setImmediate } from "../../errors/timers.ts";
import { headerValue } from "../../operation/raw.ts";

/** Chunks of at least this size are passed on as they are. */
const SMALL_BYTES = 1_024;
/** The most small chunks that are put together. */
const TOGETHER = 4_096;

/**
 * Puts together the small chunks of a request's body that arrive at once. Until a chunk is read, Node keeps it as an object
 * of its own, some two hundred bytes larger than its content, and it keeps up to 64 KiB of a body that nobody reads: in
 * chunks of one byte these would take hundreds of times as much, for as long as the answer takes.
 */
export function gatherSmallChunks(request: IncomingMessage): void {
  // The raw headers, since the parsed ones are created only on demand.
  if (headerValue({ headers: request.rawHeaders }, "transfer-encoding") === undefined) return;
  const { push } = request;
  const gathered: Buffer[] = [];
  let length = 0;
  const passOn = (): void => {
    if (length === 0) return;
    const piece = Buffer.concat(gathered, length);
    gathered.length = 0;
    length = 0;
    push.call(request, piece);
  };
  // The parser calls this with each chunk, and with null at the end of the body.
  request.push = (chunk: Buffer | null): boolean => {
    if (chunk === null || chunk.length >= SMALL_BYTES || gathered.length >= TOGETHER) passOn();
    if (chunk === null || chunk.length >= SMALL_BYTES) return push.call(request, chunk);
    // Not in the next tick, which comes after each chunk: by then the parser has gone through all that has arrived.
    if (gathered.push(chunk) === 1) setImmediate(passOn);
    length += chunk.length;
    return request.readableLength + length < request.readableHighWaterMark;
  };
}
