import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescribedError } from "./described-error.ts";
import type { SourceLocation } from "./offloop-error.ts";

/** A place in the user's source that an error has to do with. */
export interface StackFrame extends SourceLocation {
  /** The function it stands in; undefined outside of one. */
  readonly name: string | undefined;
}

/** A line of a stack, without the space before it. */
export const FRAME: RegExp =
  /^at (?:(?<name>.+) \()?(?<file>(?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*):(?<line>\d+):(?<column>\d+)\)?$/;
/** Where an error of offloop's own says that the mistake is: a line of its message. */
const PLACE = /^ {2}at (?<file>[^:]*(?::[\\/][^:]*)?):(?<line>\d+):(?<column>\d+)(?: \(|$)/;

/** The frames of an error in the user's own source, the innermost first. */
export function stackFrames(error: DescribedError): StackFrame[] {
  const own = error.code?.startsWith("OFFLOOP_") ? ownPlace(error.message) : null;
  return [own, ...frameLines(error).map((line) => FRAME.exec(line))].flatMap((found) => {
    const frame = found === null ? undefined : toFrame(found);
    return frame === undefined ? [] : [frame];
  });
}

/** The line before the last, which says how to mend it. */
function ownPlace(message: string): RegExpExecArray | null {
  const lines = message.split("\n");
  return lines.at(-1)?.startsWith("  fix ") ? PLACE.exec(lines.at(-2) ?? "") : null;
}

function toFrame({ groups = {} }: RegExpExecArray): StackFrame | undefined {
  const { name, file = "", line, column } = groups;
  const path = toPath(file);
  if (path === undefined || !/\.[cm]?[jt]sx?$/.test(path) || /[\\/]node_modules[\\/]/.test(path))
    return undefined;
  return { name, file: path, line: Number(line), column: Number(column) };
}

/** A stack is text, and anyone may write it: not every URL in it is one of a file. */
function toPath(file: string): string | undefined {
  try {
    return file.startsWith("file:") ? fileURLToPath(file) : resolve(file);
  } catch {
    return undefined;
  }
}

/** The lines of an error's stack that are frames, the innermost first. A message may hold anything, also such lines. */
export function frameLines({ message, stack = "" }: Pick<DescribedError, "message" | "stack">): string[] {
  // The first place it is found at: a short one may well stand in a frame, too.
  const at = stack.indexOf(message);
  // Where the message was changed after the stack was made, nothing tells its lines from frames.
  const lines = at === -1 ? [] : stack.slice(at + message.length).split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}
