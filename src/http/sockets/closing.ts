import type { SocketClosing } from "../../app/sockets/socket.ts";
import { detailText, type ValidationDetail } from "../../errors/http-error.ts";
import { CLIENT_CLOSED_REQUEST } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";

/** How a reply closes a socket (RFC 6455, section 7.4.1); undefined when nobody is left to tell. */
export function closingOf(reply: RawReply): SocketClosing | undefined {
  const { status, body } = reply;
  if (status >= 1000) return { code: status, reason: String(body ?? "") };
  if (status === CLIENT_CLOSED_REQUEST) return undefined;
  if (status === 422) return mistakeClosing(reply);
  if (status === 413) return { code: 1009, reason: reasonOf(body) };
  if (status === 503) return { code: 1013, reason: "Try again later" };
  if (status >= 400 && status < 500) return { code: 1008, reason: reasonOf(body) };
  return { code: status < 400 ? 1000 : 1011, reason: "" };
}

/** What is wrong with a message, if that is what a reply says. A handler may have thrown a 422 for a reason of its own. */
export function mistakesOf({ status, body }: RawReply): readonly ValidationDetail[] | undefined {
  const detail = status === 422 ? detailOf(body) : undefined;
  const isList = Array.isArray(detail) && detail.length > 0;
  return isList && detail.every((one) => Array.isArray(one?.loc)) ? detail : undefined;
}

/** Text that is not JSON is not a valid text message; JSON that does not fit violates what was agreed on. */
function mistakeClosing(reply: RawReply): SocketClosing {
  const [first] = mistakesOf(reply) ?? [];
  if (first === undefined) return { code: 1008, reason: reasonOf(reply.body) };
  return {
    code: first.type === "json_invalid" ? 1007 : 1008,
    reason: detailText(first),
  };
}

/** The detail of an answer in the usual form; an error handler may have answered anything. */
function detailOf(body: RawReply["body"]): unknown {
  try {
    return (JSON.parse(textOf(body)) as { readonly detail?: unknown } | null)?.detail;
  } catch {
    return undefined;
  }
}

function reasonOf(body: RawReply["body"]): string {
  const detail = detailOf(body);
  if (detail === undefined) return textOf(body);
  return typeof detail === "string" ? detail : JSON.stringify(detail);
}

/** Empty for a body that is still to be produced. */
function textOf(body: RawReply["body"]): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? Buffer.from(body).toString() : "";
}
