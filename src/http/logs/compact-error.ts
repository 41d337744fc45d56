import { pathToFileURL } from "node:url";
import { type DescribedError, headOf } from "../../errors/described-error.ts";
import { formatLocation } from "../../errors/offloop-error.ts";
import { isOwnScript } from "../../errors/own-code.ts";
import { printable } from "../../errors/shown-value.ts";
import { excerptOfFile } from "../../errors/source-excerpt.ts";
import { type StackFrame, stackFrames } from "../../errors/stack-frames.ts";

const LINES_AROUND = 2;
const MAX_FRAMES = 5;

/**
 * Formats an error for a terminal: its class and code, the source lines where it was thrown, the user's own frames, and
 * its causes. Its message stands with its class unless the line above has it already, and so do its frames.
 *
 * @param said - The message of the line above.
 */
export function compactError(error: DescribedError, said: string): string {
  const head = said.includes(error.message) ? printable(headOf(error)) : messageOf(error);
  return [`    ${head}`, ...blockOf(error, said), "    the whole stack: --log-level debug", ""].join("\n");
}

function messageOf(error: DescribedError): string {
  return printable(`${headOf(error)}: ${error.message}`);
}

function blockOf(error: DescribedError, said: string): string[] {
  const frames = stackFrames(error).filter(({ file }) => !isOwnScript(pathToFileURL(file).href));
  const { cause } = error;
  const because =
    cause === undefined ? [] : [`    caused by ${messageOf(cause)}`, ...blockOf(cause, cause.message)];
  const placed = said.split("\n").filter((line) => line.startsWith("  at "));
  const unsaid = frames.filter(
    (frame) => !placed.some((line) => line.startsWith(`  at ${formatLocation(frame)}`)),
  );
  return [...excerptLines(frames[0]), ...unsaid.slice(0, MAX_FRAMES).map(frameLine), ...because];
}

function excerptLines(frame: StackFrame | undefined): string[] {
  if (frame === undefined) return [];
  return excerptOfFile(frame.file, frame.line, LINES_AROUND).map(
    ({ text, isMarked }) => `    ${isMarked ? ">" : " "} ${text}`,
  );
}

function frameLine(frame: StackFrame): string {
  const place = formatLocation(frame);
  return `    at ${printable(frame.name === undefined ? place : `${frame.name} (${place})`)}`;
}
