import type { SocketClosing } from "../../app/socket.ts";
import type { ValidationDetail } from "../../errors/http-error.ts";
import { CLIENT_CLOSED_REQUEST } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";

/** How a reply that is no success closes a socket (RFC 6455, section 7.4.1); undefined when its client has gone. */
export function closingOf({ status, body }: RawReply): SocketClosing | undefined {
  if (status >= 1000) return { code: status, reason: String(body ?? "") };
  if (status === CLIENT_CLOSED_REQUEST) return undefined;
  if (status === 422) return mistakeClosing(detailOf(body));
  if (status === 413) return { code: 1009, reason: reasonOf(detailOf(body)) };
  if (status === 503) return { code: 1013, reason: "Try again later" };
  if (status >= 400 && status < 500) return { code: 1008, reason: reasonOf(detailOf(body)) };
  return { code: 1011, reason: "" };
}

/** 1007 for data of the wrong type, as a text that is no JSON; 1008 for JSON that breaks the rules of its schema. */
function mistakeClosing(detail: unknown): SocketClosing {
  const [first] = detail as readonly ValidationDetail[];
  if (first === undefined) return { code: 1008, reason: "" };
  return {
    code: first.type === "json_invalid" ? 1007 : 1008,
    reason: `${first.loc.join(".")}: ${first.msg}`,
  };
}

function detailOf(body: RawReply["body"]): unknown {
  return (JSON.parse(String(body)) as { readonly detail: unknown }).detail;
}

function reasonOf(detail: unknown): string {
  return typeof detail === "string" ? detail : JSON.stringify(detail);
}
