import { createRequire } from "node:module";
import { type DestinationStream, type Logger, pino, stdSerializers } from "pino";

import { describeError, isError } from "../errors/described-error.ts";
import { stdoutLines } from "./log-output.ts";

/** How much is logged. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** Headers that carry credentials, wherever a line usually has headers. */
const secretHeaders = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
const secrets = ["", "headers", "req.headers", "request.headers"].flatMap((where) =>
  secretHeaders.map((name) => `${where}["${name}"]`),
);

/** For reading, the message says it all: of reports, which are whole objects, of access lines, and an error's stack. */
const saidInMessage = "pid,hostname,blocked,guard,method,url,status,clientGone,err.type,err.message";

/**
 * The server's log: a JSON line an entry, or a line to read. Written at once, so no line is lost at exit; what cannot
 * be written is lost, and stops nothing.
 *
 * @param isForReading - Default: when it goes to a terminal.
 * @param lines - Where JSON lines go. Default: stdout.
 */
export function createLogger(
  level: LogLevel,
  isForReading: boolean = process.stdout.isTTY,
  lines: DestinationStream = stdoutLines(),
): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    serializers: { err: plainError },
    redact: { paths: secrets, censor: "[redacted]" },
  };
  if (!isForReading) return pino(options, lines);
  // Some forty modules, which a server that logs JSON need not wait for.
  const pretty: typeof import("pino-pretty") = createRequire(import.meta.url)("pino-pretty");
  const format = pretty.prettyFactory({
    colorize: process.stdout.isTTY,
    ignore: saidInMessage,
    translateTime: "HH:MM:ss.l",
    singleLine: true,
  });
  return pino(options, { write: (line) => lines.write(format(line)) });
}

/** Errors come described already: they may stem from another thread. */
function plainError(error: unknown): unknown {
  if (!isError(error)) return error;
  // pino asks for an instance of this realm's class.
  return error instanceof Error ? stdSerializers.err(error) : describeError(error);
}
