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
  if (typeof given === "string" && given.startsWith("/")) throw pathFirst(given, path, at);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add operations at ${shownValue(path)}: expected methods, got ${shownValue(wrong)}`,
    { at, fix: `pass a list with some of ${methods.join(", ")}` },
  );
}

/** Hono's `app.route(path, app)` includes a router, and Express's `app.route(path)` takes the methods afterwards. */
function pathFirst(path: string, second: unknown, at: SourceLocation): OffloopError {
  const isRouter = typeof second === "object" && second !== null && "include" in second;
  const including =
    "mount" in Object(second)
      ? `write app.mount(${JSON.stringify(path)}, other)`
      : `write app.include(router, { prefix: ${JSON.stringify(path)} })`;
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add operations at ${shownValue(path)}: expected methods first, got the path`,
    { at, fix: isRouter ? including : `write app.route(["GET", "POST"], ${JSON.stringify(path)}, handler)` },
  );
}
