import type { Logger } from "pino";
import type { DescribedError } from "../errors/described-error.ts";

/** Logs an operation's failure. */
export type FailureLog = (request: string, operation: string, error: DescribedError) => void;

/** Under load these come by the thousand: one line a second says as much. */
const FLOODS = new Set(["OFFLOOP_THREADS_BUSY", "OFFLOOP_THREADS_DOWN"]);
const EVERY_MS = 1_000;

/** Makes the log of failed operations: each on its own, but floods of one kind a line a second, with their count. */
export function createFailureLog(log: Logger): FailureLog {
  const floods = new Map<string, { at: number; unsaid: number }>();
  return (request, operation, error) => {
    const { code = "", message } = error;
    if (!FLOODS.has(code))
      return log.error({ reqId: request, operation, err: error }, `${operation} failed: ${message}`);
    const flood = floods.get(code) ?? { at: Number.NEGATIVE_INFINITY, unsaid: 0 };
    floods.set(code, flood);
    const now = performance.now();
    if (now - flood.at < EVERY_MS) return void flood.unsaid++;
    log.warn(
      { code, operation, unsaid: flood.unsaid },
      `${code}: ${message}${flood.unsaid === 0 ? "" : `; and ${flood.unsaid} more since the last line`}`,
    );
    floods.set(code, { at: now, unsaid: 0 });
  };
}
