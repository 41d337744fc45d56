import type { Logger } from "pino";
import { type DescribedError, loggable } from "../errors/described-error.ts";
import type { Around, LaneRequest } from "../lanes/around.ts";
import { Flood, moreText } from "./logs/flood.ts";
import type { LoggedUrls } from "./logs/logged-url.ts";

/** Under load these come by the thousand: one line per second says as much. */
const FLOODS = new Set(["OFFLOOP_THREADS_BUSY", "OFFLOOP_THREADS_DOWN"]);

/** Knows where to view a request. */
export interface RequestAddresses {
  /** The address of a request in the inspector. */
  addressOf(request: string): string;
}

/**
 * Logs failures to answer a request: each on its own, but a flood of one kind as one line per second, with a count.
 *
 * @param urls - How requests are named that belong to no operation.
 */
export function logFailures(log: Logger, urls: LoggedUrls, inspector?: RequestAddresses): Around {
  const flood = new Flood();
  const logFailure = (operation: string, { id, bindings }: LaneRequest, error: DescribedError): void => {
    const { code = "", message } = error;
    if (!FLOODS.has(code)) {
      const address = inspector && { inspector: inspector.addressOf(id) };
      log.error(
        { reqId: id, operation, ...bindings, err: loggable(error), ...address },
        `${operation} failed: ${message}`,
      );
      return;
    }
    const unsaid = flood.admit(code);
    if (unsaid !== undefined) log.warn({ code, operation, unsaid }, `${code}: ${message}${moreText(unsaid)}`);
  };
  return {
    failure: (operation, request, reply) => {
      const { method, url } = request;
      if (reply.error !== undefined)
        logFailure(operation?.id ?? `${method} ${urls.of(url, undefined)}`, request, reply.error);
      return reply;
    },
  };
}
