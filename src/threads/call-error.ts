import { findUncloneable } from "../app/cloneable.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { SourceLocation } from "../errors/source-location.ts";
import { untraced } from "./traced-payload.ts";

/** What an error says about the work it concerns. */
export interface WorkPlace {
  /** `GET /report`, `task resize`. */
  readonly id: string;
  readonly location: SourceLocation;
}

/** The thread ended while it ran the call. */
export function exitedError({ id, location }: WorkPlace, why: string): OffloopError {
  return new OffloopError("OFFLOOP_THREAD_EXITED", `Cannot finish ${id}: its thread ended: ${why}`, {
    at: location,
    fix: "look for process.exit, an uncaught error in a timer, or too little memory in that function",
  });
}

/** The call ran for too long; on a thread it was ended, on the loop nothing can end it. */
export function timeoutError(
  { id, location }: WorkPlace,
  timeoutMs: number,
  elapsedMs: number,
  lane: "loop" | "thread",
): OffloopError {
  const what =
    lane === "thread" ? "it was ended and its thread replaced" : "it may still be running on the loop";
  return new OffloopError(
    "OFFLOOP_TIMEOUT",
    `Cannot finish ${id}: ${Math.ceil(elapsedMs)} ms passed, its timeoutMs is ${timeoutMs}; ${what}`,
    {
      at: location,
      fix:
        lane === "thread"
          ? "make it faster, or raise its timeoutMs"
          : "stop at signal.aborted, make it faster, or raise its timeoutMs",
    },
  );
}

/** Too many calls wait. */
export function busyError(
  { id, location }: WorkPlace,
  what: { readonly busy: number; readonly max: number; readonly waiting: number; readonly option: string },
  retryAfterS: number,
): OffloopError & { readonly retryAfterS: number } {
  const { busy, max, waiting, option } = what;
  const error = new OffloopError(
    "OFFLOOP_THREADS_BUSY",
    `Cannot start ${id}: ${busy} of ${max} threads are busy and ${waiting} calls wait, as many as ${option} allows`,
    {
      at: location,
      fix: `raise threads.max or ${option}, or make the slow functions faster`,
    },
  );
  return Object.assign(error, { retryAfterS });
}

/** The client hung up before the call was started. */
export function goneError({ id, location }: WorkPlace): OffloopError {
  return new OffloopError("OFFLOOP_CLIENT_GONE", `Cannot start ${id}: its client has hung up`, {
    at: location,
    fix: "nothing to mend: the work was saved",
  });
}

/** What is sent cannot be cloned: a task's arguments, or the parts of a context. */
export function cloneError({ id, location }: WorkPlace, carried: unknown, cause: unknown): OffloopError {
  const payload = untraced(carried);
  const found = findUncloneable(payload, Array.isArray(payload) ? "args" : "context") ?? String(cause);
  return new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot run ${id} on a thread: ${found} cannot cross between threads`,
    { at: location, fix: "pass plain data: what structuredClone accepts", cause },
  );
}

/** No thread can be started. */
export function noThreadsError({ id, location }: WorkPlace, cause: unknown): OffloopError {
  return new OffloopError("OFFLOOP_THREADS_DOWN", `Cannot start ${id}: no thread can load the app any more`, {
    at: location,
    fix: "see the OFFLOOP_THREAD_START before this in the log",
    cause,
  });
}
