import { randomBytes } from "node:crypto";
import { integer } from "../app/integer.ts";
import type { WatchSettings } from "../app/settings/watch-settings.ts";
import type { BlockCulprit, BlockPlace, BlockReport } from "../channels/channels.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { Watch } from "../watch/watch.ts";
import type { Way } from "./way.ts";

/** How to watch the loop for a test: as precisely as possible, recording every block. */
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
 * A way to send requests that rejects a request which blocks the loop for too long.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` where the loop cannot be watched.
 */
export function rejectBlocking(
  { url, send, connect, leave }: Way,
  failures: BlockFailures,
  watch: Watch | undefined,
): Way {
  if (watch === undefined) throw unwatched();
  const run = randomBytes(6).toString("base64url");
  let count = 0;
  return {
    url,
    connect,
    leave,
    send: async (method, request) => {
      // What happened earlier must not count as this request's.
      await watch.settled();
      const sent = request.headers.find(([name]) => name.toLowerCase() === ID)?.[1];
      const id = sent ?? `${run}-${++count}`;
      const headers = sent === undefined ? [...request.headers, [ID, id] as const] : request.headers;
      const startedAt = performance.now();
      const response = await send(method, { ...request, headers });
      if (performance.now() - startedAt < failures.limitMs) return response;
      await watch.settled();
      const failure = failures.takeOf(id);
      if (failure === undefined) return response;
      await response.body?.cancel();
      throw failure;
    },
  };
}

/** Connects the watchdog's report to the request. */
const ID = "x-request-id";

function unwatched(): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    "Cannot use failOnBlockMs: the event loop cannot be watched in a worker thread, or without Node's inspector",
    { fix: 'run the tests in processes of their own, as node:test does and vitest with pool: "forks"' },
  );
}

/** Blocks of the loop that fail a test, until they are reported. */
export class BlockFailures {
  /** The minimum duration of a block that counts. */
  readonly limitMs: number;
  readonly #reports: BlockReport[] = [];

  /** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a limit outside its range. */
  constructor(failOnBlockMs: number) {
    this.limitMs = integer("failOnBlockMs", failOnBlockMs, [20, 60_000]);
  }

  /**
   * Takes a report. What the test itself does on the loop is not the app's fault: a block counts if an operation or
   * task was seen in it. A block caused by other processes that had the CPU names none.
   */
  note(report: BlockReport): void {
    const [first] = report.culprits;
    if (first?.operation !== undefined) this.#reports.push(report);
  }

  /**
   * The failure of a request; each is returned once.
   *
   * @param request - Its id in the log.
   */
  takeOf(request: string): OffloopError | undefined {
    return this.#take(
      this.#reports.findIndex(({ culprits: [first] }) =>
        first?.request === undefined ? !first?.operation?.startsWith("task ") : first.request === request,
      ),
    );
  }

  /** Any other failure. */
  takeAny(): OffloopError | undefined {
    return this.#take(0);
  }

  #take(index: number): OffloopError | undefined {
    const [report] = index === -1 ? [] : this.#reports.splice(index, 1);
    return report && failureOf(report, this.limitMs);
  }
}

function failureOf({ durationMs, culprits }: BlockReport, limitMs: number): OffloopError {
  const [culprit] = culprits;
  const who = culprit?.operation ?? "the app";
  const how = culprit?.certain === true ? "it blocked" : "it probably blocked";
  return new OffloopError(
    "OFFLOOP_LOOP_BLOCKED",
    `Cannot accept ${who}: ${how} the event loop for ${Math.round(durationMs)} ms, and failOnBlockMs is ${limitMs}`,
    {
      at: culprit?.at && placeOf(culprit.at),
      note: culprit && noteOf(culprit),
      fix: "make the function plain, so that it runs on a thread, or await a call that does not block",
    },
  );
}

function placeOf({ file, line, column = 1 }: BlockPlace): SourceLocation {
  return { file, line, column };
}

function noteOf({ at, operation, candidates }: BlockCulprit): string | undefined {
  const others = candidates.filter((candidate) => candidate !== operation);
  if (others.length > 0) return `or else in ${others.join(" or ")}`;
  if (at?.precision === "near") return "or just before it";
  return at?.precision === "function" ? `somewhere in ${at.functionName ?? "this function"}` : undefined;
}
