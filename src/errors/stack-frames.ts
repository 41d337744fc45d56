import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescribedError } from "./described-error.ts";
import type { SourceLocation } from "./offloop-error.ts";

/** A location in the user's source that an error involves. */
export interface StackFrame extends SourceLocation {
  /** The enclosing function; undefined outside of one. */
  readonly name: string | undefined;
}

/** A line of a stack, without its indentation. */
export const FRAME: RegExp =
  /^at (?:(?<name>.+) \()?(?<file>(?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*):(?<line>\d+):(?<column>\d+)\)?$/;
/** The line of the message in which an error of offloop's own locates the mistake. */
const PLACE = /^ {2}at (?<file>[^:]*(?::[\\/][^:]*)?):(?<line>\d+):(?<column>\d+)(?: \(|$)/;

/** The frames of an error in the user's own source, innermost first. */
export function stackFrames(error: DescribedError): StackFrame[] {
  const own = error.code?.startsWith("OFFLOOP_") ? ownPlace(error.message) : null;
  const frames = frameLines(error).flatMap((line) => toFrame(FRAME.exec(line)));
  const [place] = toFrame(own);
  // Where its innermost frame is that place, it knows the function, too.
  const isFrame = place !== undefined && frames[0] !== undefined && isSamePlace(place, frames[0]);
  return place === undefined || isFrame ? frames : [place, ...frames];
}

/** Whether both are one position. */
function isSamePlace(one: SourceLocation, other: SourceLocation): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column;
}

/** Looks at the line before the last one, which is the fix. */
function ownPlace(message: string): RegExpExecArray | null {
  const lines = message.split("\n");
  return lines.at(-1)?.startsWith("  fix ") ? PLACE.exec(lines.at(-2) ?? "") : null;
}

function toFrame(found: RegExpExecArray | null): [StackFrame] | [] {
  const { name, file = "", line, column } = found?.groups ?? {};
  const path = toPath(file);
  if (path === undefined || !/\.[cm]?[jt]sx?$/.test(path) || /[\\/]node_modules[\\/]/.test(path)) return [];
  return [{ name, file: path, line: Number(line), column: Number(column) }];
}

/** A stack is text that anyone may write: not every URL in it is that of a file. */
function toPath(file: string): string | undefined {
  try {
    return file.startsWith("file:") ? fileURLToPath(file) : resolve(file);
  } catch {
    return undefined;
  }
}

/** The lines of an error's stack that are frames, innermost first. A message may contain anything, even such lines. */
export function frameLines({ message, stack = "" }: Pick<DescribedError, "message" | "stack">): string[] {
  // The first occurrence: a short message may also appear within a frame.
  const at = stack.indexOf(message);
  // If the message was changed after the stack was made, its lines cannot be told from frames.
  const lines = at === -1 ? [] : stack.slice(at + message.length).split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}
