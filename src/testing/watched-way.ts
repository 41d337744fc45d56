import { randomBytes } from "node:crypto";
import type { WatchSettings } from "../app/watch-settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { Watch } from "../watch/watch.ts";
import type { BlockFailures } from "./block-failures.ts";
import type { Way } from "./way.ts";

/** How the loop is watched for a test: as exactly as can be, and every block is noted. */
export function watchFor(failures: BlockFailures, given: WatchSettings | false | undefined): WatchSettings {
  const { onBlock } = given || {};
  return {
    level: "development",
    thresholdMs: failures.limitMs,
    onBlock: (report) => {
      failures.note(report);
      onBlock?.(report);
    },
  };
}

/**
 * A way on which a request that blocks the loop for too long is rejected.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` where the loop cannot be watched.
 */
export function rejectBlocking({ url, send }: Way, failures: BlockFailures, watch: Watch | undefined): Way {
  if (watch === undefined) throw unwatched();
  const run = randomBytes(6).toString("base64url");
  let count = 0;
  return {
    url,
    send: async (method, request) => {
      // What came before must not count as this request's.
      await watch.settled();
      const sent = request.headers.find(([name]) => name.toLowerCase() === ID)?.[1];
      const id = sent ?? `${run}-${++count}`;
      const headers = sent === undefined ? [...request.headers, [ID, id] as const] : request.headers;
      const startedAt = performance.now();
      const response = await send(method, { ...request, headers });
      if (performance.now() - startedAt < failures.limitMs) return response;
      await watch.settled();
      const failure = failures.takeOf(id, `${method} ${request.path}`);
      if (failure === undefined) return response;
      await response.body?.cancel();
      throw failure;
    },
  };
}

/** By this the watchdog's report is known to be of the request. */
const ID = "x-request-id";

function unwatched(): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    "Cannot use failOnBlockMs: the event loop cannot be watched in a worker thread, or without Node's inspector",
    { fix: 'run the tests in processes of their own, as node:test does and vitest with pool: "forks"' },
  );
}
