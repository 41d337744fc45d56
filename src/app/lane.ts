import { types } from "node:util";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf, shownValue } from "../errors/shown-value.ts";

/** Where a function runs: the event loop of the main thread, or a thread of the pool. */
export type Lane = "loop" | "thread";

// biome-ignore lint/suspicious/noExplicitAny: any function at all can be declared
export type AnyFunction = (...args: any[]) => unknown;

/**
 * The rule: an async function runs on the loop, a plain one on a thread, unless `runs` says otherwise. The rule looks
 * at the declaration, never at what a call returns, as Starlette does (`_utils.is_async_callable`).
 *
 * @throws {OffloopError} `OFFLOOP_HANDLER_INVALID` when it is not a function; `OFFLOOP_LANE_UNKNOWN` when the
 * declaration was lost, by `bind` or by compiling to a target below ES2017.
 */
export function laneOf(what: string, fn: unknown, runs: Lane | undefined, at: SourceLocation): Lane {
  if (typeof fn !== "function") {
    throw new OffloopError(
      "OFFLOOP_HANDLER_INVALID",
      `Cannot add ${what}: expected a function, got ${kindOf(fn)}`,
      {
        at,
        fix: "pass the function itself, as the last argument",
      },
    );
  }
  if (runs !== undefined) return checkedLane(what, runs, at);
  if (types.isAsyncFunction(fn)) return "loop";
  const lost = lostDeclaration(Function.prototype.toString.call(fn));
  if (lost !== undefined) {
    throw new OffloopError("OFFLOOP_LANE_UNKNOWN", `Cannot tell where ${what} runs: ${lost.why}`, {
      at,
      fix: `${lost.fix}, or set runs: "loop" or runs: "thread" in its options`,
    });
  }
  return "thread";
}

function checkedLane(what: string, runs: unknown, at: SourceLocation): Lane {
  if (runs === "loop" || runs === "thread") return runs;
  throw new OffloopError("OFFLOOP_OPTION_INVALID", `Cannot add ${what}: runs is ${shownValue(runs)}`, {
    at,
    fix: 'use "loop" or "thread", or leave runs out',
  });
}

function lostDeclaration(source: string): { readonly why: string; readonly fix: string } | undefined {
  if (/\{\s*\[native code\]\s*\}$/.test(source))
    return {
      why: "it is a bound or native function, which hides async",
      fix: "call it in an arrow function, async if it is to run on the loop",
    };
  if (/\b__(awaiter|async|asyncToGenerator)\s*\(/.test(source))
    return {
      why: "it was compiled to below ES2017, which hides async",
      fix: "compile to ES2017 or later",
    };
  return undefined;
}

/** A function's name in messages. */
export function functionName(fn: unknown): string {
  return (fn as { name?: string } | undefined)?.name || "(anonymous)";
}
