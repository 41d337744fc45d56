import { types } from "node:util";
import { isOwnFrame } from "./own-code.ts";

/** An error as plain data: what the log shows of it, and what can cross between threads. */
export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: DescribedError;
}

/** Whether it is an error, of whatever realm: what comes out of `node:vm` is no instance of this one's classes. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

const MAX_CAUSES = 5;

/** Turns whatever was thrown into plain data. Never throws, whatever it is given. */
export function describeError(thrown: unknown): DescribedError {
  try {
    return describe(thrown, 0);
  } catch {
    return { type: typeof thrown, message: "an error whose own fields throw when they are read" };
  }
}

function describe(thrown: unknown, depth: number): DescribedError {
  if (!isError(thrown)) return { type: typeof thrown, message: printed(thrown) };
  const { name, message, stack, cause } = thrown;
  const code = (thrown as { code?: unknown }).code;
  return {
    type: String(name),
    message: String(message),
    ...(stack === undefined ? {} : { stack: userStack(String(stack)) }),
    ...(code === undefined ? {} : { code: String(code) }),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describe(cause, depth + 1) }),
  };
}

/** A stack down to where offloop called the user's function; an error of offloop's own keeps all of it. */
function userStack(stack: string): string {
  const lines = stack.split("\n");
  const frames = lines.findIndex((line) => /^\s+at /.test(line));
  const own = lines.findIndex((line) => isOwnFrame(line));
  return frames === -1 || own <= frames ? stack : lines.slice(0, own).join("\n");
}

function printed(value: unknown): string {
  try {
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
