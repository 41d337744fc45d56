import type { ServerPlan } from "./server-process.ts";

const ANSWER_WITHIN_MS = 10_000;

/** One server, and what it is asked for. */
export interface Side extends ServerPlan {
  readonly name: string;
  readonly path: string;
  /** The body it must answer with: sides that do different work must not be compared. */
  readonly body: string;
}

/**
 * Asks once. Returns the response's headers, as `name: value`, except those with a different value each time.
 *
 * @throws {Error} When the body is not the one that the side must answer with, or is missing.
 */
export async function checkAnswer({ name, body }: Side, url: string): Promise<string[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch((cause) => {
    throw new Error(`${name}: no answer from ${url} within ${ANSWER_WITHIN_MS} ms`, { cause });
  });
  const text = await response.text();
  if (response.status !== 200 || text !== body)
    throw new Error(`${name}: expected ${body}, got ${response.status} ${text}`);
  return [...response.headers]
    .filter(([header]) => header !== "content-length" && header !== "date")
    .map(([header, value]) => (header === "x-request-id" ? header : `${header}: ${value}`));
}
