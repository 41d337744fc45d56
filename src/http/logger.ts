import { type Logger, pino, stdSerializers } from "pino";
import pretty from "pino-pretty";

/** How much is logged. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** Headers that carry credentials, wherever a line usually has headers. */
const secretHeaders = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
const secrets = ["", "headers", "req.headers", "request.headers"].flatMap((where) =>
  secretHeaders.map((name) => `${where}["${name}"]`),
);

/** The server's log: a JSON line an entry; on a terminal, a line to read. Written at once, so no line is lost at exit. */
export function createLogger(level: LogLevel): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    serializers: { err: plainError },
    redact: { paths: secrets, censor: "[redacted]" },
  };
  if (!process.stdout.isTTY) return pino(options);
  return pino(
    options,
    pretty({ colorize: true, ignore: "pid,hostname", translateTime: "HH:MM:ss.l", sync: true }),
  );
}

/** Errors come described already: they may stem from another thread. */
function plainError(error: unknown): unknown {
  return error instanceof Error ? stdSerializers.err(error) : error;
}
