import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What is taken over from a client: short, and nothing that could forge a line of a log. */
const TRUSTED = /^[\w.:/+=-]{1,128}$/;

/** Makes the ids of requests: the client's `X-Request-ID` when it has a fit one, else one unique to this process and run. */
export function createRequestIds(): (request: Pick<IncomingMessage, "headers">) => string {
  const run = randomBytes(6).toString("base64url");
  let count = 0;
  return ({ headers }) => {
    const sent = headers["x-request-id"];
    return typeof sent === "string" && TRUSTED.test(sent) ? sent : `${run}-${(++count).toString(36)}`;
  };
}
