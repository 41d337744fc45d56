import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf } from "../errors/shown-value.ts";
import { functionName } from "./lane.ts";

/** What a declaration is made of. */
interface DeclaredArguments {
  /** Empty where none were given. */
  readonly options: object;
  /** Its function; whether it is one is for the declaration to check. */
  readonly fn: unknown;
}

/**
 * Tells the options of a declaration from its function, which comes last. Nothing given is ignored: a middleware in the
 * place of the options may be what guards the rest.
 *
 * @param doing - What the mistake prevents: "add GET /".
 * @throws {OffloopError} `OFFLOOP_HANDLER_INVALID` for several functions, `OFFLOOP_OPTION_INVALID` for options that are
 * none.
 */
export function readArguments(
  doing: string,
  args: readonly unknown[],
  at: SourceLocation,
): DeclaredArguments {
  if (args.length > 2) throw tooManyArguments(doing, args.length, at);
  const [options, fn] = args.length === 2 ? args : [undefined, args[0]];
  if (typeof options === "function" && typeof fn === "function") throw severalFunctions(doing, options, at);
  if (options == null) return { options: {}, fn };
  // Of a function in front of something else, the declaration says that it is not the last argument.
  if (typeof options === "object" || typeof options === "function") return { options, fn };
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot ${doing}: expected options before the function, got ${kindOf(options)}`,
    { at, fix: "put the options into one object, or leave them out" },
  );
}

function tooManyArguments(doing: string, count: number, at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_HANDLER_INVALID",
    `Cannot ${doing}: expected options and a function, got ${count} arguments`,
    { at, fix: "pass one function, and all options in the one object before it" },
  );
}

/** Express and Fastify take functions that run before the handler. */
function severalFunctions(doing: string, first: object, at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_HANDLER_INVALID",
    `Cannot ${doing}: expected options before the function, got another function, ${functionName(first)}`,
    {
      at,
      fix: "pass one function; what is to run before it belongs in its dependencies: { deps: { user } }",
    },
  );
}
