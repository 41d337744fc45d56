import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

/** The least and the most that a setting may be. */
export type Range = readonly [min: number, max: number];

/**
 * @param at - Where it is set, if one line does.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is an integer within the range.
 */
export function integer(name: string, value: unknown, [min, max]: Range, at?: SourceLocation): number {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected an integer from ${min} to ${max}, got ${shownValue(value)}`,
    { at, fix: `set ${name} to a value in its range, or leave it out` },
  );
}
