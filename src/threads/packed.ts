import type { Transferable } from "node:worker_threads";

/** A payload and what of it is transferred rather than copied. */
export interface Packed<T> {
  readonly payload: T;
  readonly transfer: Transferable[];
}

/** Bytes from this size on are transferred; fewer are copied, which is faster and can be taken back. */
export const TRANSFER_MIN_BYTES = 65_536;

/** Bytes that can cross: the buffer itself when it is large and whole, else a copy of just these bytes. */
export function ownBytes(bytes: Uint8Array, transfer: Transferable[]): Uint8Array {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  if (bytes.byteLength < TRANSFER_MIN_BYTES || !whole) return Uint8Array.prototype.slice.call(bytes);
  transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}
