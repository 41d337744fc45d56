import { brand } from "../../errors/brand.ts";
import { callerLocation } from "../../errors/location.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { checkOptionNames } from "../option-names.ts";

/** What a {@link JobError} says about further attempts. */
export interface JobErrorOptions {
  /** Whether another attempt can help. False: the job is dead at once, however many it has left. Default true. */
  readonly retry?: boolean | undefined;
  /**
   * How long the next attempt waits at least, in place of the task's back-off: what an upstream's `Retry-After` says.
   * Milliseconds, rounded up to whole seconds; below 0 counts as 0, and more than a year as a year. Default, and for
   * `NaN`: the back-off.
   */
  readonly retryAfterMs?: number | undefined;
  /** The error that led to this one, for the log and for `job.error.cause`. Default none. */
  readonly cause?: unknown;
}

/** As long as the delay of an enqueued job may be. */
const YEAR_MS = 31_536_000_000;

/**
 * Throw this from a durable task, on either lane and also from its dependencies, to say whether and when its job is tried
 * again; BullMQ's `UnrecoverableError` and `RateLimitError`, Celery's `Reject` and `retry(countdown=...)`. The attempt counts
 * like any that failed: the last one leaves the job dead. Only what leaves the function counts, not a cause of it. Where
 * the task was called, or runs after a response, it is an error like others.
 *
 * @example
 * ```ts
 * import { App, JobError } from "offloop";
 *
 * const app = new App();
 * app.task("notify", { durable: true }, async (url: string) => {
 *   const reply = await fetch(url, { method: "POST" });
 *   if (reply.status === 410) throw new JobError("the endpoint is gone", { retry: false });
 *   if (reply.status === 429) {
 *     const seconds = Number(reply.headers.get("retry-after") ?? 60);
 *     throw new JobError("the endpoint is busy", { retryAfterMs: seconds * 1_000 });
 *   }
 *   if (!reply.ok) throw new Error(`the endpoint answered ${reply.status}`); // tried again after the back-off
 * });
 * ```
 */
export class JobError extends Error {
  /** Whether another attempt can help. */
  readonly retry: boolean;
  /** How long the next attempt waits at least, in milliseconds; undefined for the task's back-off. */
  readonly retryAfterMs: number | undefined;

  /**
   * Makes an error that says what becomes of the job.
   *
   * @param reason - Why the attempt failed: the message of the error, in the log and in `job.error`.
   * @param options - Whether to try again, and when.
   * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`.
   */
  constructor(reason: string, options: JobErrorOptions = {}) {
    checkOptions(options);
    const { retry = true, retryAfterMs } = options;
    super(reason, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "JobError";
    this.retry = retry;
    this.retryAfterMs =
      retryAfterMs === undefined || Number.isNaN(retryAfterMs) ? undefined : wholeSeconds(retryAfterMs);
  }
}

brand(JobError.prototype);

function wholeSeconds(ms: number): number {
  return Math.ceil(Math.min(Math.max(ms, 0), YEAR_MS) / 1_000) * 1_000;
}

const known: Readonly<Record<keyof JobErrorOptions, true>> = { retry: true, retryAfterMs: true, cause: true };
const MAKING = "make a JobError";

/** A misspelt option would leave the job to be tried again as usual, and nothing would say so. */
function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null || options instanceof Error)
    throw invalid("its options as an object", options);
  const { retry, retryAfterMs } = options as JobErrorOptions;
  if (retry !== undefined && typeof retry !== "boolean") throw invalid("retry to be true or false", retry);
  if (retryAfterMs !== undefined && typeof retryAfterMs !== "number")
    throw invalid("retryAfterMs to be a number", retryAfterMs);
  checkOptionNames(MAKING, options, known, callerLocation);
}

function invalid(expected: string, value: unknown): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot ${MAKING}: expected ${expected}, got ${shownValue(value)}`,
    {
      at: callerLocation(),
      fix: 'write new JobError("gone", { retry: false }), or new JobError("busy", { retryAfterMs: 30_000 })',
    },
  );
}
