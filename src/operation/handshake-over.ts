import type { Session } from "../app/session.ts";
import { describeError } from "../errors/described-error.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { stackFrames } from "../errors/stack-frames.ts";
import type { HeaderList } from "./header-list.ts";

/** Refuses whatever would change the headers from now on: they have gone with the answer to a handshake. */
export function refuseHeaders(headers: HeaderList, operation: string): void {
  const refuse = (): never => {
    throw new OffloopError(
      "OFFLOOP_HANDSHAKE_OVER",
      `Cannot set a header or a cookie in ${operation}: its handshake has been answered`,
      {
        at: callerLocation(),
        fix: "set it in open, before open accepts, sends or receives, or in an operation that the page requests",
      },
    );
  };
  // Own properties in front of its methods: other lists must not pay for a check.
  Object.assign(headers, { append: refuse, set: refuse, delete: refuse });
}

/** Takes changes again: error handlers, and dependencies that close, set headers for requests as well. */
export function allowHeaders(headers: HeaderList): void {
  for (const name of ["append", "set", "delete"] as const) Reflect.deleteProperty(headers, name);
}

/** What V8 says of a change to what is frozen. */
const FROZEN =
  /^Cannot (?:assign to read only property '(.*)' of|add property .*, object is not extensible|delete property '(.*)' of)/;

/**
 * Names the error of code that has changed a session when its cookie could no longer be sent, which V8 reports only as a
 * change to a frozen object. Any other error is returned unchanged.
 */
export function explainFrozen(thrown: unknown, session: Session, operation: string): unknown {
  const found = thrown instanceof TypeError ? FROZEN.exec(thrown.message) : null;
  if (found === null) return thrown;
  const name = found[1] ?? found[2];
  if (name !== undefined && !hasKey(session, name)) return thrown;
  const [at] = stackFrames(describeError(thrown));
  return new OffloopError(
    "OFFLOOP_HANDSHAKE_OVER",
    `Cannot change the session in ${operation}: its handshake has been answered, so no response carries its cookie`,
    {
      at,
      fix: "change it in open, before open accepts, sends or receives, or in an operation that the page requests",
      cause: thrown,
    },
  );
}

/** Whether a value has a key, at any depth. */
function hasKey(value: unknown, key: string): boolean {
  if (value === null || typeof value !== "object") return false;
  return Object.hasOwn(value, key) || Object.values(value).some((inner) => hasKey(inner, key));
}
