import type { Transferable } from "node:worker_threads";
import type { FileContent } from "../../app/reply.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import type { HeaderPairs, RawReply } from "../../operation/raw.ts";

/** A payload and what of it is transferred rather than copied. */
export interface Packed<T> {
  readonly payload: T;
  readonly transfer: Transferable[];
}

/** Bytes from this size on are transferred; fewer are copied, which is faster. */
const TRANSFER_MIN_BYTES = 65_536;

/**
 * Bytes that can cross: the buffer itself when it is whole, else a copy of just these bytes.
 *
 * @param transferFrom - From this size on the buffer moves to the other side.
 */
export function ownBytes(
  bytes: Uint8Array,
  transfer: Transferable[],
  transferFrom: number = TRANSFER_MIN_BYTES,
): Uint8Array {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  if (!whole) return Uint8Array.prototype.slice.call(bytes);
  if (bytes.byteLength >= transferFrom) transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}

/** A task for after the response, as it crosses: its name and arguments. */
export type NamedCall = readonly [name: string, args: unknown[]];

/** What a reply has left open in its thread: its number there, and whether its body is pulled from it. */
export type LeftOpen = readonly [open: number, streams: boolean];

/** A reply as it crosses: status, media type, headers, body, background, error, what it has left open. */
export type ReplyPayload = [
  number,
  string | undefined,
  HeaderPairs | undefined,
  string | Uint8Array | FileContent | undefined,
  NamedCall[] | undefined,
  DescribedError | undefined,
  LeftOpen | undefined,
];

/** @param leftOpen - Where the rest of it is held, when there is one. */
export function packReply(reply: RawReply, leftOpen?: LeftOpen): Packed<ReplyPayload> {
  const transfer: Transferable[] = [];
  const { status, mediaType, headers, error } = reply;
  const body = packBody(reply.body, transfer);
  const background = nameCalls(reply.background);
  return { payload: [status, mediaType, headers, body, background, error, leftOpen], transfer };
}

/** Background calls as they cross. */
export function nameCalls(calls: RawReply["background"]): NamedCall[] | undefined {
  return calls?.map((call): NamedCall => [call.task.name, call.args]);
}

function packBody(body: RawReply["body"], transfer: Transferable[]): ReplyPayload[3] {
  if (typeof body === "string" && body.length < TRANSFER_MIN_BYTES) return body;
  if (typeof body === "string") return ownBytes(new TextEncoder().encode(body), transfer);
  if (body instanceof Uint8Array) return ownBytes(body, transfer);
  return body !== undefined && "file" in body ? body : undefined;
}
