import { findUncloneable } from "../../app/cloneable.ts";
import { type ErrorHandlers, findErrorHandler } from "../../app/error-handlers.ts";
import { type DescribedError, describeError } from "../../errors/described-error.ts";
import { HTTPError } from "../../errors/http-error.ts";

/** What a piece of work gave: its value, or what it threw. */
export type TaskOutcome = readonly [ok: true, value: unknown] | readonly [ok: false, thrown: Thrown];

/** A thrown value as it crosses; an HTTPError keeps its meaning, and one that the app answers itself its class. */
export interface Thrown {
  readonly error: DescribedError;
  readonly http?: {
    readonly status: number;
    readonly detail: unknown;
    readonly headers: Readonly<Record<string, string>> | undefined;
  };
  /** The error handler for it, by its place in the app, and its own fields as far as they can cross. */
  readonly answered?: { readonly by: number; readonly fields: Readonly<Record<string, unknown>> };
}

/** @param handlers - The app's error handlers. */
export function packThrown(thrown: unknown, handlers: ErrorHandlers = []): Thrown {
  const error = describeError(thrown);
  const handler = findErrorHandler(handlers, thrown);
  if (handler !== undefined) {
    const fields = Object.entries(thrown as object).filter(
      ([, value]) => findUncloneable(value, "") === undefined,
    );
    return { error, answered: { by: handlers.indexOf(handler), fields: Object.fromEntries(fields) } };
  }
  if (!(thrown instanceof HTTPError)) return { error };
  return { error, http: { status: thrown.status, detail: thrown.detail, headers: thrown.headers } };
}

/** The error on the other side: same name, message, code and stack. */
export function unpackThrown({ error, http, answered }: Thrown, handlers: ErrorHandlers = []): Error {
  const handler = answered && handlers[answered.by];
  if (handler !== undefined) {
    const revived = Object.create(handler.type.prototype as object) as Error;
    const { message, stack } = error;
    for (const [name, value] of Object.entries({ message, stack }))
      Object.defineProperty(revived, name, { value, configurable: true, writable: true });
    return Object.assign(revived, answered?.fields);
  }
  if (http !== undefined) return new HTTPError(http.status, http.detail, http.headers);
  return reviveError(error);
}

function reviveError({ type, message, stack, code, cause }: DescribedError): Error {
  const revived = new Error(message, cause === undefined ? undefined : { cause: reviveError(cause) });
  Object.defineProperty(revived, "name", { value: type, configurable: true, writable: true });
  if (stack !== undefined) revived.stack = stack;
  return code === undefined ? revived : Object.assign(revived, { code });
}
