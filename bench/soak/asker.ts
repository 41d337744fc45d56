import { Agent, request } from "node:http";
import type { Tally } from "./tally.ts";

/**
 * No fault takes this long, not even on a busy machine, where a heap takes half a minute to fill: a request without an
 * answer by then is lost.
 */
const PATIENCE_MS = 120_000;

/** One request of a soak. */
export interface Ask {
  readonly path: string;
  readonly body?: string;
  /** Media type of the body. Default: JSON. */
  readonly type?: string;
  /** The correct statuses. */
  readonly right: readonly number[];
  /** Hangs up after this many milliseconds. */
  readonly hangUpMs?: number;
}

/** Asks, counts, and returns the status; 0 when there was no answer. */
export type Asker = (ask: Ask) => Promise<number>;

export function createAsker(url: string, tally: Tally, connections: number): Asker & { close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const ask = (ask: Ask): Promise<number> => {
    const { path, body, type = "application/json", right, hangUpMs } = ask;
    tally.sent++;
    return new Promise((resolve) => {
      const signal = AbortSignal.timeout(hangUpMs ?? PATIENCE_MS);
      const headers = { "content-type": type };
      const end = (error: Error): void => {
        if (hangUpMs !== undefined && signal.aborted) tally.abandoned++;
        else tally.lose(`${path.replace(/\d+/g, "n")}: ${error.message}`);
        resolve(0);
      };
      const outgoing = request(url + path, {
        agent,
        headers,
        signal,
        method: body === undefined ? "GET" : "POST",
      });
      outgoing.on("error", end).on("response", (response) => {
        response.on("error", end).on("end", () => {
          const status = response.statusCode ?? 0;
          tally.answer(status);
          const isRefusal = status === 503 && response.headers["retry-after"] !== undefined;
          if (!right.includes(status) && !isRefusal) tally.lose(`${path.replace(/\d+/g, "n")}: ${status}`);
          resolve(status);
        });
        response.resume();
      });
      outgoing.end(body);
    });
  };
  return Object.assign(ask, { close: () => agent.destroy() });
}
