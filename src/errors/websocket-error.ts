import { brand } from "./brand.ts";
import { replyMistake } from "./reply-mistake.ts";
import { shownValue } from "./shown-value.ts";

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
   * @throws {OffloopError} `OFFLOOP_REPLY_INVALID` for another code, and for a reason that is not a text.
   */
  constructor(code: number, reason = "") {
    checkClosing("make a WebSocketError", code, reason);
    super(reason === "" ? `WebSocket ${code}` : reason);
    this.name = "WebSocketError";
    this.code = code;
    this.reason = closeReason(reason);
  }
}

brand(WebSocketError.prototype);

/** @throws {OffloopError} `OFFLOOP_REPLY_INVALID` for a code that may not be sent (RFC 6455, section 7.4). */
export function checkClosing(action: string, code: number, reason: unknown): void {
  if (!isSendable(code))
    throw replyMistake(
      action,
      `expected a close code of 1000, 1001, 1003, 1007-1014 or 3000-4999, got ${shownValue(code)}`,
      "use 1008 where a client breaks your rules, or a code of your own from 4000",
    );
  if (typeof reason !== "string")
    throw replyMistake(action, `expected its reason as a text, got ${shownValue(reason)}`, "pass a text");
}

function isSendable(code: number): boolean {
  const isReserved = code === 1004 || code === 1005 || code === 1006;
  const isOwn = code >= 3000 && code <= 4999;
  return Number.isInteger(code) && (isOwn || (code >= 1000 && code <= 1014 && code !== 1002 && !isReserved));
}

/** As much of a reason as fits into a close frame; no character is cut in two. */
export function closeReason(reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON_BYTES) return reason;
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}
