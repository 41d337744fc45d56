import { describeError, loggable } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { createLogger } from "../http/logs/logger.ts";
import { explained } from "./explained.ts";

/** Commands that run where nobody is reading: their output is meant for a log. */
const servers: ReadonlySet<string> = new Set(["run", "work"]);

/** Whether this command writes its output as JSON lines. */
function isLogged(): boolean {
  return servers.has(process.argv[2] ?? "") && !process.stderr.isTTY;
}

/** Why the command has stopped, for the reader of stderr. */
export function failureText(error: unknown): string {
  if (!isLogged()) return `${explained(error)}\n`;
  if (!(error instanceof OffloopError)) return lineOf({ err: loggable(describeError(error)) }, String(error));
  const { code, message, cause } = error;
  // Its own stack leads through offloop; that of its cause, through the user's code.
  const fields = cause === undefined ? { code } : { code, err: loggable(describeError(cause)) };
  return lineOf(fields, `${code}: ${message}`);
}

/** What is wrong with its arguments. */
export function usageText(text: string): string {
  return isLogged() ? lineOf({}, text.trim()) : text;
}

function lineOf(fields: object, message: string): string {
  let line = "";
  createLogger("info", false, {
    write: (text) => {
      line += text;
    },
  }).fatal(fields, message);
  return line;
}
