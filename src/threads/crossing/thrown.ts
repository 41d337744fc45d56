import type { ErrorHandlers } from "../../app/error-handlers.ts";
import { type DescribedError, describeError } from "../../errors/described-error.ts";
import { HTTPError } from "../../errors/http-error.ts";
import { type Crossed, packValue, unpackValue } from "./values.ts";

/** What a piece of work gave: its value as it crosses, or what it threw. */
export type TaskOutcome = readonly [ok: true, value: Crossed] | readonly [ok: false, thrown: Thrown];

/** What was thrown, as it crosses. */
export interface Thrown {
  /** What the log shows of it. */
  readonly error: DescribedError;
  /** The value itself, boxed since anything can be thrown; undefined where it cannot cross. */
  readonly boxed: { readonly value: Crossed } | undefined;
  readonly http?: { readonly status: number };
}

/**
 * What was thrown, as it crosses. Never throws.
 *
 * @param handlers - The app's error handlers: the classes they name are on both sides.
 */
export function packThrown(thrown: unknown, handlers: ErrorHandlers = []): Thrown {
  const error = describeError(thrown);
  try {
    const boxed = { value: packValue(thrown, "error", handlers) };
    return thrown instanceof HTTPError ? { error, boxed, http: { status: thrown.status } } : { error, boxed };
  } catch {
    return { error, boxed: undefined }; // a revoked proxy, a function, an object with getters that throw
  }
}

/** What was thrown, on the other side: an error keeps its class, name, message, stack, cause and own fields. */
export function unpackThrown({ error, boxed }: Thrown, handlers: ErrorHandlers = []): unknown {
  return boxed === undefined ? reviveError(error) : unpackValue(boxed.value, handlers);
}

function reviveError({ type, message, stack }: DescribedError): Error {
  const revived = new Error(message);
  Object.defineProperty(revived, "name", { value: type, configurable: true, writable: true });
  if (stack !== undefined) revived.stack = stack;
  return revived;
}
