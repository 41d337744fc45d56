import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

/**
 * Reads an option that is true or false. In JavaScript nothing else says that `"false"` would count as true.
 *
 * @param at - Where it is set, if one line does.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is a boolean or absent.
 */
export function flag(name: string, value: unknown, at?: SourceLocation): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected true or false, got ${shownValue(value)}`,
    { at, fix: `set ${name} to true or false, or leave it out` },
  );
}
