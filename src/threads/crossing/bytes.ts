import type { Transferable } from "node:worker_threads";

/** A payload and what of it is transferred rather than copied. */
export interface Packed<T> {
  readonly payload: T;
  readonly transfer: Transferable[];
}

/** Bytes from this size on are transferred; fewer are copied, which is faster. */
export const TRANSFER_MIN_BYTES = 65_536;

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
