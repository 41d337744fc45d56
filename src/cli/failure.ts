import { describeError, loggable } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { createLogger } from "../http/logger.ts";
import { explained } from "./explained.ts";

/** The commands that run where nobody reads: what they say is for a log. */
const servers: ReadonlySet<string> = new Set(["run", "work"]);

/** Whether this process's command line says what it says in lines of JSON. */
function isLogged(): boolean {
  return servers.has(process.argv[2] ?? "") && !process.stderr.isTTY;
}

/** What has stopped the command, for those who read stderr. */
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
