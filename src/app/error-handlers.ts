import { HTTPError, ValidationError } from "../errors/http-error.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { WebSocketError } from "../errors/websocket-error.ts";
import type { BaseContext } from "./context.ts";
import { type AnyFunction, type Lane, laneOf } from "./lane.ts";

/** A class of errors. */
// biome-ignore lint/suspicious/noExplicitAny: a constructor may take anything
export type ErrorClass<E = unknown> = abstract new (...args: any[]) => E;

/** Answers an error: returns what a handler may return. */
export type ErrorAnswer<E> = (error: E, context: BaseContext) => unknown;

/** A function that answers errors of one class. */
export interface ErrorHandler {
  readonly type: ErrorClass;
  readonly lane: Lane;
  readonly fn: AnyFunction;
  readonly location: SourceLocation;
}

export type ErrorHandlers = readonly ErrorHandler[];

/** The handlers of one router after another, nearest first. */
export type NearestHandlers = readonly ErrorHandlers[];

/** @throws {OffloopError} `OFFLOOP_HANDLER_INVALID`, `OFFLOOP_LANE_UNKNOWN`. */
export function createErrorHandler(type: unknown, fn: unknown): ErrorHandler {
  const location = callerLocation();
  // Arrow functions and async functions have no prototype: they are not classes.
  if (typeof type !== "function" || type.prototype === undefined) {
    throw new OffloopError(
      "OFFLOOP_HANDLER_INVALID",
      `Cannot add an error handler: expected a class of errors first, got ${kindOf(type)}`,
      { at: location, fix: "pass the class of the errors first, then the function" },
    );
  }
  const lane = laneOf(`the error handler of ${type.name}`, fn, undefined, location);
  return { type: type as unknown as ErrorClass, lane, fn: fn as AnyFunction, location };
}

function kindOf(type: unknown): string {
  return typeof type === "function" ? "a function that is not a class" : typeof type;
}

/** These have an answer of their own, which only a handler registered for them replaces, not a handler for all errors. */
const answered: ReadonlySet<unknown> = new Set([HTTPError, ValidationError, WebSocketError]);

/** The handler for a thrown value: the one for its own class, or else for the nearest class that it extends. */
export function findErrorHandler(handlers: ErrorHandlers, thrown: unknown): ErrorHandler | undefined {
  if (handlers.length === 0 || typeof thrown !== "object" || thrown === null) return undefined;
  for (
    let prototype = Object.getPrototypeOf(thrown);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    // The most recently added one wins, as in FastAPI's table.
    const found = handlers.findLast(({ type }) => type === prototype.constructor);
    if (found !== undefined || answered.has(prototype.constructor)) return found;
  }
  return undefined;
}

/** The handler of the nearest router that has one for a thrown value. */
export function findNearestHandler(nearest: NearestHandlers, thrown: unknown): ErrorHandler | undefined {
  for (const handlers of nearest) {
    const found = findErrorHandler(handlers, thrown);
    if (found !== undefined) return found;
  }
  return undefined;
}
