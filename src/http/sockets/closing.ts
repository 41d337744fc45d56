import type { SocketClosing } from "../../app/socket.ts";
import type { ValidationDetail } from "../../errors/http-error.ts";
import { CLIENT_CLOSED_REQUEST } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";

/** How a reply closes a socket (RFC 6455, section 7.4.1); undefined when nobody is left to tell. */
export function closingOf({ status, body }: RawReply): SocketClosing | undefined {
  if (status >= 1000) return { code: status, reason: String(body ?? "") };
  if (status === CLIENT_CLOSED_REQUEST) return undefined;
  if (status === 422) return mistakeClosing(body);
  if (status === 413) return { code: 1009, reason: reasonOf(body) };
  if (status === 503) return { code: 1013, reason: "Try again later" };
  if (status >= 400 && status < 500) return { code: 1008, reason: reasonOf(body) };
  return { code: status < 400 ? 1000 : 1011, reason: "" };
}

/** Text that is not JSON is not a valid text message; JSON that does not fit violates what was agreed on. */
function mistakeClosing(body: RawReply["body"]): SocketClosing {
  const detail = detailOf(body);
  const [first] = Array.isArray(detail) ? (detail as Partial<ValidationDetail>[]) : [];
  if (!Array.isArray(first?.loc)) return { code: 1008, reason: reasonOf(body) };
  return {
    code: first.type === "json_invalid" ? 1007 : 1008,
    reason: `${first.loc.join(".")}: ${first.msg}`,
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
