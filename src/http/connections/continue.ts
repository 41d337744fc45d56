import type { IncomingMessage, ServerResponse } from "node:http";
import { lingerAfter } from "./lingering-close.ts";

/** For each request whose client waits with its body: the function that lets it go on. */
const waiting = new WeakMap<IncomingMessage, () => void>();

/**
 * Answers `Expect: 100-continue` once the body is read. A request that is refused before that, because of its length, its
 * path or its client, gets only the refusal. Node then ends the connection, since only the client knows whether it sends
 * the body anyway (RFC 9110, 10.1.1).
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request)) return void response.writeContinue();
  const closeAsUsual = lingerAfter(response);
  waiting.set(request, () => {
    response.writeContinue();
    closeAsUsual();
  });
  // Every stream implements this method: it is called when the first bytes are wanted. No event of a
  // request says so, since a listener of "data" would itself begin to read.
  request._read = (size) => {
    Reflect.deleteProperty(request, "_read");
    if (!response.headersSent) continueNow(request);
    request._read(size);
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Lets the client go on now, before the response begins: a body may be read later, when it is too late to say so. */
export function continueNow(request: IncomingMessage): void {
  waiting.get(request)?.();
  waiting.delete(request);
}
