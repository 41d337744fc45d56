import type { SentRequest } from "./test-request.ts";

/** How requests reach the app under test: within the process, or through a socket. */
export interface Way {
  readonly url: string;
  /** Sends what is encoded already. */
  readonly send: (method: string, request: SentRequest) => Promise<Response>;
}
