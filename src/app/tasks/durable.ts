import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { needsFile } from "../../schema/needed-file.ts";
import type { AnySchema } from "../../schema/schema.ts";
import { DAY_MS, integer, type Range } from "../integer.ts";
import { checkOptionNames } from "../option-names.ts";

/** How the jobs of a task are stored and tried. */
export interface DurableOptions {
  /** How often to retry a job after its first attempt failed, unless it threw a `JobError` with `retry: false`. Integer, 0-1,000. Default 5. */
  readonly retries?: number | undefined;
  /**
   * How long to wait before the first retry. The wait doubles each time, with some randomness, up to an hour.
   * Milliseconds, rounded up to whole seconds, 1,000-86,400,000. Default 1,000.
   */
  readonly backoffMs?: number | undefined;
  /** How many of its jobs run at once, across all processes. Integer, 1-10,000. Default: no limit of its own. */
  readonly concurrency?: number | undefined;
  /**
   * Whether jobs with the same key run one after another, in the order they were enqueued; jobs without a key form one
   * such order. A dead job holds up the rest of its key. Cannot change while jobs are stored. Default false.
   */
  readonly ordered?: boolean | undefined;
  /** How long to keep a job after it has ended. Milliseconds, 1,000-31,536,000,000. Default 604,800,000: a week. */
  readonly keepMs?: number | undefined;
}

/** The same, with every default filled in. */
export interface Durable {
  readonly retries: number;
  readonly backoffMs: number;
  readonly concurrency: number | undefined;
  readonly ordered: boolean;
  readonly keepMs: number;
}

/** The schedule on which a task runs by itself. */
export interface TaskSchedule {
  /** Five fields, or six beginning with seconds; or `@daily` and the like. */
  readonly expression: string;
  /** An IANA name. */
  readonly timezone: string;
}

const names: Readonly<Record<keyof DurableOptions, true>> = {
  retries: true,
  backoffMs: true,
  concurrency: true,
  ordered: true,
  keepMs: true,
};

const WEEK_MS = 7 * DAY_MS;
const YEAR_MS = 365 * DAY_MS;

/**
 * Reads a task's options for its jobs; undefined when it has none.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`.
 */
export function readDurable(
  task: string,
  durable: boolean | DurableOptions | undefined,
  at: SourceLocation,
): Durable | undefined {
  if (durable === undefined || durable === false) return undefined;
  checkName(task, at);
  const options: unknown = durable === true ? {} : durable;
  if (typeof options !== "object" || options === null) throw durableInvalid(task, durable, at);
  return resolveDurable(task, options, at);
}

function durableInvalid(task: string, durable: unknown, at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot declare task "${task}": expected durable to be true, false or an object, got ${shownValue(durable)}`,
    { at, fix: "write durable: true, or durable: { retries: 3 }" },
  );
}

function resolveDurable(task: string, options: DurableOptions, at: SourceLocation): Durable {
  checkOptionNames(`declare task "${task}"`, options, names, at);
  const bound = (option: keyof DurableOptions, value: unknown, range: Range): number =>
    integer(`durable.${option} of task "${task}"`, value, range, at);
  return {
    retries: bound("retries", options.retries ?? 5, [0, 1_000]),
    backoffMs: bound("backoffMs", options.backoffMs ?? 1_000, [1_000, DAY_MS]),
    concurrency:
      options.concurrency === undefined ? undefined : bound("concurrency", options.concurrency, [1, 10_000]),
    ordered: options.ordered ?? false,
    keepMs: bound("keepMs", options.keepMs ?? WEEK_MS, [1_000, YEAR_MS]),
  };
}

/** The ids, indexes and notices of jobs contain it, and PostgreSQL bounds each of these. */
const LONGEST_NAME = 200;

function checkName(task: string, at: SourceLocation): void {
  if (task.length <= LONGEST_NAME && task.isWellFormed()) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot declare task ${shownValue(task)} durable: expected a name of 1-${LONGEST_NAME} characters of well-formed text`,
    { at, fix: "give it another name" },
  );
}

/** Why no job has a file among its arguments. */
export const FILE_IS_GONE =
  "an uploaded file is gone after its request; save it first, and pass its path or key";

/** @throws {OffloopError} `OFFLOOP_JOB_ARGUMENT` for an argument that could only be a file, or have one in it. */
export function checkStorable(task: string, args: readonly AnySchema[] = [], at: SourceLocation): void {
  const index = args.findIndex(needsFile);
  if (index === -1) return;
  throw new OffloopError(
    "OFFLOOP_JOB_ARGUMENT",
    `Cannot declare task "${task}": args[${index}] needs a file: ${FILE_IS_GONE}`,
    { at, fix: `take the path or key as text: z.string() in place of the file in args[${index}]` },
  );
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a time zone without a schedule, or a value that is not a string. */
export function readSchedule(
  task: string,
  schedule: unknown,
  timezone: unknown,
  at: SourceLocation,
): TaskSchedule | undefined {
  if (schedule === undefined && timezone === undefined) return undefined;
  if (typeof schedule === "string" && (timezone === undefined || typeof timezone === "string"))
    return { expression: schedule, timezone: timezone ?? "UTC" };
  const got = shownValue({ schedule, timezone });
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot declare task "${task}": expected a schedule, and a time zone if any, as text, got ${got}`,
    { at, fix: 'set schedule: "0 3 * * *", timezone: "Europe/Berlin"' },
  );
}
