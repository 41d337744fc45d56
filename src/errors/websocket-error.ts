import { brand } from "./brand.ts";

/** RFC 6455, section 5.5.1: a control frame has 125 bytes, two of which are the code. */
const MAX_REASON_BYTES = 123;

/**
 * Throw this to close a socket with a code; FastAPI's `WebSocketException`. Before the handshake it refuses the client
 * with 403, as Starlette does.
 *
 * @example
 * ```ts
 * import { App, WebSocketError } from "offloop";
 *
 * const app = new App();
 * app.websocket("/sums", {
 *   message: ({ message }) => {
 *     const numbers = String(message).split("+").map(Number);
 *     if (numbers.some(Number.isNaN)) throw new WebSocketError(1008, "send numbers, like 1+2");
 *     return String(numbers.reduce((sum, one) => sum + one, 0));
 *   },
 * });
 * ```
 */
export class WebSocketError extends Error {
  /** The code that the client's `close` event carries. */
  readonly code: number;
  /** The reason given with it. */
  readonly reason: string;

  /**
   * Makes an error that closes a socket.
   *
   * @param code - 1000, 1001, 1003, 1007-1014, or 3000-4999 for your own.
   * @param reason - A text for people; cut off after 123 bytes of UTF-8. Default none.
   * @throws {RangeError} For another code.
   */
  constructor(code: number, reason = "") {
    checkCloseCode(code, "WebSocketError");
    super(reason === "" ? `WebSocket ${code}` : reason);
    this.name = "WebSocketError";
    this.code = code;
    this.reason = closeReason(reason);
  }
}

brand(WebSocketError.prototype);

/** @throws {RangeError} For a code that may not be sent (RFC 6455, section 7.4). */
export function checkCloseCode(code: number, what: string): void {
  const isReserved = code === 1004 || code === 1005 || code === 1006;
  const isOwn = code >= 3000 && code <= 4999;
  if (Number.isInteger(code) && (isOwn || (code >= 1000 && code <= 1014 && code !== 1002 && !isReserved)))
    return;
  throw new RangeError(
    `${what}: expected a close code of 1000, 1001, 1003, 1007-1014 or 3000-4999, got ${String(code)}`,
  );
}

/** As much of a reason as fits into a close frame; no character is cut in two. */
export function closeReason(reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON_BYTES) return reason;
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}
