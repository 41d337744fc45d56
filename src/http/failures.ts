import type { Logger } from "pino";
import { type DescribedError, loggable } from "../errors/described-error.ts";
import type { Around } from "../lanes/around.ts";

/** Under load these come by the thousand: one line per second says as much. */
const FLOODS = new Set(["OFFLOOP_THREADS_BUSY", "OFFLOOP_THREADS_DOWN"]);
const EVERY_MS = 1_000;

/** Knows where to view a request. */
export interface RequestAddresses {
  /** The address of a request in the inspector. */
  addressOf(request: string): string;
}

/** Logs failures to answer a request: each on its own, but a flood of one kind as one line per second, with a count. */
export function logFailures(log: Logger, inspector?: RequestAddresses): Around {
  const floods = new Map<string, { at: number; unsaid: number }>();
  const logFailure = (operation: string, request: string, error: DescribedError): void => {
    const { code = "", message } = error;
    if (!FLOODS.has(code)) {
      const address = inspector && { inspector: inspector.addressOf(request) };
      log.error(
        { reqId: request, operation, err: loggable(error), ...address },
        `${operation} failed: ${message}`,
      );
      return;
    }
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
  return {
    failure: (operation, { id, method, url }, reply) => {
      if (reply.error !== undefined) logFailure(operation?.id ?? `${method} ${url}`, id, reply.error);
      return reply;
    },
  };
}
