import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

/** The HTTP methods an operation can answer. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;
export type Method = (typeof methods)[number];

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless it is a list of methods. */
export function checkMethods(given: unknown, path: unknown, at: SourceLocation): asserts given is Method[] {
  const isList = Array.isArray(given) && given.length > 0;
  const wrong = isList ? given.find((method) => !methods.includes(method)) : given;
  if (isList && wrong === undefined) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add operations at ${shownValue(path)}: expected methods, got ${shownValue(wrong)}`,
    { at, fix: `pass a list with some of ${methods.join(", ")}` },
  );
}
