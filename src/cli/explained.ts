import { isError } from "../errors/described-error.ts";
import { type ErrorCode, OffloopError } from "../errors/offloop-error.ts";
import { isOwnFrame } from "../errors/own-code.ts";
import { FRAME } from "../errors/stack-frames.ts";

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
  const stack = hasStack ? userStack(error.cause, error) : "";
  return `${error.code}: ${error.message}${stack === "" ? "" : `\n\n${stack}`}`;
}

/** Frames of Node, and of the command line's parser. */
const notUsers = /^\s+at .*(?:\bnode:|[\\/]commander[\\/])/;

/** Nothing where the error says it all: what happened, and the only place. */
function userStack(cause: unknown, { message, at }: OffloopError): string {
  if (!isError(cause)) return String(cause);
  if (cause instanceof OffloopError) return explained(cause);
  // Without a place of its own, the error sends its reader to the stack.
  const said = at && `${at.file}:${at.line}:${at.column}`;
  const lines = String(cause.stack ?? cause)
    .split("\n")
    .filter((line) => !isOwnFrame(line) && !notUsers.test(line));
  const isSaid = (line: string): boolean => {
    const frame = FRAME.exec(line.trim())?.groups;
    if (frame === undefined || said === undefined) return false;
    return `${frame.file}:${frame.line}:${frame.column}`.endsWith(said);
  };
  const unsaid = lines.filter((line) => !isSaid(line));
  const [head = "", ...rest] = unsaid;
  const isHeadSaid =
    said !== undefined && rest.length === 0 && message.includes(head.replace(/^Error: /, ""));
  return isHeadSaid ? "" : unsaid.join("\n");
}
