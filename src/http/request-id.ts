import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const HEADER = "x-request-id";
/** What is taken over from a client: short, and nothing that could forge a line of a log. */
const TRUSTED = /^[\w.:/+=-]{1,128}$/;

/** The id that a client has sent. Looks at the raw headers: the others are only made when someone asks for them. */
export function sentRequestId({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === HEADER.length && name.toLowerCase() === HEADER) return rawHeaders[i + 1];
  }
  return undefined;
}

/** Makes the ids of requests: the client's `X-Request-ID` when it has a fit one, else one unique to this process and run. */
export function createRequestIds(): (request: Pick<IncomingMessage, "rawHeaders">) => string {
  const run = randomBytes(6).toString("base64url");
  let count = 0;
  return (request) => {
    const sent = sentRequestId(request);
    return sent !== undefined && TRUSTED.test(sent) ? sent : `${run}-${(++count).toString(36)}`;
  };
}
