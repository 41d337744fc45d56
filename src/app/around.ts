import { types } from "node:util";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf } from "../errors/shown-value.ts";
import type { BaseContext, ResponseInfo } from "./context.ts";

/** What an around receives: the request, and access to work that runs after the response. */
export interface AroundContext extends Pick<BaseContext, "request" | "signal" | "log" | "background"> {}

/**
 * Surrounds whatever answers a request; Starlette's `@app.middleware("http")`.
 *
 * `next` runs what is inside, once, and returns its reply, whose status, headers and cookies you may change. It never
 * rejects: an error thrown inside has already become a reply. Return that reply, or answer with anything a handler may
 * return.
 */
// {} allows any answer, but not the undefined of a forgotten return
export type AroundFunction = (
  context: AroundContext,
  next: () => Promise<ResponseInfo>,
) => Promise<{} | null>;

/** An around as declared. */
export interface DeclaredAround {
  readonly fn: AroundFunction;
  readonly location: SourceLocation;
}

const guards = new WeakSet<AroundFunction>();

/**
 * Lets an around decide about the handshakes of WebSockets, too. It must return what `next` returns, unchanged, or refuse
 * without calling it: a socket that opens is not answered by a reply.
 */
export function guarding(around: AroundFunction): AroundFunction {
  guards.add(around);
  return around;
}

/** Whether an around also decides about handshakes. */
export function isGuard({ fn }: DeclaredAround): boolean {
  return guards.has(fn);
}

/** @throws {OffloopError} `OFFLOOP_HANDLER_INVALID` unless it is an async function. */
export function createAround(fn: unknown): DeclaredAround {
  const location = callerLocation();
  if (types.isAsyncFunction(fn) && !types.isGeneratorFunction(fn))
    return { fn: fn as AroundFunction, location };
  const given = typeof fn === "function" ? "one that is not async" : kindOf(fn);
  throw new OffloopError(
    "OFFLOOP_HANDLER_INVALID",
    `Cannot add an around: expected an async function, got ${given}`,
    {
      at: location,
      fix: "write it as async ({ request }, next) => { const reply = await next(); return reply; }",
    },
  );
}
