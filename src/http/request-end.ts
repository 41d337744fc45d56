import type { ServerResponse } from "node:http";
import type { ResponseOutcome } from "../channels/channels.ts";
import { CLIENT_CLOSED_REQUEST } from "../operation/error-reply.ts";
import { refusedStatus } from "./connections/connections.ts";
import { outcomeOf } from "./response-end.ts";

/** How a request ended, as the log and the channels report it. */
interface RequestEnd {
  /** Of its response; where none was sent, one that says why. */
  readonly status: number;
  readonly outcome: ResponseOutcome;
}

/** Of a request that the shutdown ended before its answer began. */
const SERVICE_UNAVAILABLE = 503;

/** How the request of a response has ended. */
export function endOf(raw: ServerResponse): RequestEnd {
  const outcome = outcomeOf(raw);
  // What was malformed was answered past the response.
  const refused = outcome === "gone" ? refusedStatus(raw.req) : undefined;
  if (raw.headersSent || raw.statusCode === 101)
    return { status: raw.statusCode, outcome: refused === undefined ? outcome : "sent" };
  if (refused !== undefined) return { status: refused, outcome: "sent" };
  return { status: outcome === "cut" ? SERVICE_UNAVAILABLE : CLIENT_CLOSED_REQUEST, outcome };
}
