import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const MiB = 1_048_576;
export const GiB: number = 1_024 * MiB;

/** The least and the most that a setting may be. */
export type Range = readonly [min: number, max: number];

/**
 * @param at - Where it is set, if one line does; a function where this is called often, since finding the line is slow.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is an integer within the range.
 */
export function integer(
  name: string,
  value: unknown,
  [min, max]: Range,
  at?: SourceLocation | (() => SourceLocation),
): number {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected an integer from ${min} to ${max}, got ${shownValue(value)}`,
    {
      at: typeof at === "function" ? at() : at,
      fix: `set ${name} to a value in its range, or leave it out`,
    },
  );
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
type Bound<Settings> = (name: keyof Settings & string, byDefault: number, range: Range) => number;

/**
 * Reads the numbers of settings that belong together.
 *
 * @param group - What comes before their names in messages: `threads.`.
 */
export function boundsOf<Settings extends object>(settings: Settings, group = ""): Bound<Settings> {
  return (name, byDefault, range) => integer(group + name, settings[name] ?? byDefault, range);
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is a deadline or absent. */
export function timeoutMs(name: string, value: unknown, at?: SourceLocation): number | undefined {
  return value === undefined ? undefined : integer(name, value, [1, DAY_MS], at);
}
