import type { DescribedError } from "./described-error.ts";

/** The lines of an error's stack that are frames, the innermost first. A message may hold anything, also such lines. */
export function frameLines({ message, stack = "" }: Pick<DescribedError, "message" | "stack">): string[] {
  // The first place it is found at: a short one may well stand in a frame, too.
  const at = stack.indexOf(message);
  // Where the message was changed after the stack was made, nothing tells its lines from frames.
  const lines = at === -1 ? [] : stack.slice(at + message.length).split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}
