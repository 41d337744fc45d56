import { isError } from "../errors/described-error.ts";
import { type ErrorCode, OffloopError } from "../errors/offloop-error.ts";
import { isOwnFrame } from "../errors/own-code.ts";

/** Errors caused by the user's own code: their fix points to the stack. */
const fromUserCode: ReadonlySet<ErrorCode> = new Set([
  "OFFLOOP_LIFESPAN_FAILED",
  "OFFLOOP_MODULE_FAILED",
  "OFFLOOP_THREAD_START",
]);

/** An error as the command line shows it: the error itself, with a stack only if that is the user's. */
export function explained(error: unknown): string {
  if (!(error instanceof OffloopError)) return isError(error) ? String(error.stack) : String(error);
  const hasStack = fromUserCode.has(error.code) && error.cause !== undefined;
  return `${error.code}: ${error.message}${hasStack ? `\n\n${userStack(error.cause)}` : ""}`;
}

/** Frames of Node, and of the command line's parser. */
const notUsers = /^\s+at .*(?:\bnode:|[\\/]commander[\\/])/;

function userStack(cause: unknown): string {
  if (!isError(cause)) return String(cause);
  if (cause instanceof OffloopError) return explained(cause);
  const lines = String(cause.stack ?? cause).split("\n");
  return lines.filter((line) => !isOwnFrame(line) && !notUsers.test(line)).join("\n");
}
