import { describeError } from "../errors/described-error.ts";
import { statusPhrase } from "../errors/http-error.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { RawReply } from "../operation/raw.ts";
import { detailReply } from "../operation/reply.ts";

/** nginx's status for a client that hung up before it had an answer; nobody reads it but the access log. */
export const CLIENT_CLOSED_REQUEST = 499;

/** The reply for a request that a thread did not answer. */
export function refusedReply(error: OffloopError): RawReply {
  if (error.code === "OFFLOOP_CLIENT_GONE")
    return detailReply(CLIENT_CLOSED_REQUEST, "Client Closed Request", {});
  const status = error.code === "OFFLOOP_TIMEOUT" ? 504 : isBusy(error) ? 503 : 500;
  const { retryAfterS } = error as { retryAfterS?: number };
  const headers = retryAfterS === undefined ? undefined : ([["retry-after", String(retryAfterS)]] as const);
  return detailReply(status, statusPhrase(status), { headers, error: describeError(error) });
}

function isBusy({ code }: OffloopError): boolean {
  return code === "OFFLOOP_THREADS_BUSY" || code === "OFFLOOP_THREADS_DOWN";
}
