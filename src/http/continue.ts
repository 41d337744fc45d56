import type { IncomingMessage, ServerResponse } from "node:http";
import { lingerAfter, lingerNoMore } from "./lingering-close.ts";

/** What tells the client of a request to go on with its body, where that waits for it. */
const waiting = new WeakMap<IncomingMessage, () => void>();

/**
 * Answers `Expect: 100-continue` once the body is read. A request that is refused before, for its length, its path or who
 * asks, has its refusal instead, and its body stays where it is. Node then ends the connection: whether the body still
 * comes, only its client knows (RFC 9110, 10.1.1).
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request)) return void response.writeContinue();
  lingerAfter(response);
  waiting.set(request, () => {
    response.writeContinue();
    lingerNoMore(response);
  });
  request._read = (size) => {
    Reflect.deleteProperty(request, "_read");
    if (!response.headersSent) continueNow(request);
    request._read(size);
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Tells it now: a body may be read after the response has begun, when it is too late. */
export function continueNow(request: IncomingMessage): void {
  waiting.get(request)?.();
  waiting.delete(request);
}
