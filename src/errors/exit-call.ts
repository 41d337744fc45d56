import { formatLocation } from "./offloop-error.ts";
import { isOwnFrame } from "./own-code.ts";
import { scriptPath } from "./source-map.ts";
import { FRAME } from "./stack-frames.ts";

/**
 * Call this in a listener of "exit": that `process.exit` was called, and where. Undefined where offloop has called it, or
 * nobody.
 */
export function exitCallText(): string | undefined {
  const caller = callerOfExit(new Error().stack ?? "");
  if (caller === undefined || isOwnFrame(caller)) return undefined;
  const { file, line, column } = FRAME.exec(caller.trim())?.groups ?? {};
  const place = file && { file: scriptPath(file), line: Number(line), column: Number(column) };
  return `process.exit was called${place ? ` at ${formatLocation(place)}` : ""}`;
}

/** The frame that called it. */
function callerOfExit(stack: string): string | undefined {
  const frames = stack.split("\n");
  const exit = frames.findIndex((frame) => /^\s+at process\.exit /.test(frame));
  return exit === -1 ? undefined : frames[exit + 1];
}
