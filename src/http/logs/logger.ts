import { createRequire } from "node:module";
import { type DestinationStream, type Logger, pino, stdSerializers } from "pino";
import { logLevels } from "../../app/log.ts";
import { type DescribedError, describedBy, describeError, isError } from "../../errors/described-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { compactError } from "./compact-error.ts";
import { stdoutLines } from "./log-output.ts";
import { Redaction } from "./redaction.ts";
import { SecretNames } from "./secret-names.ts";

/** How much is logged. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** Every level, the one that logs most first. */
export const allLevels: readonly LogLevel[] = [...logLevels, "silent"];

/**
 * In output for people the message says it all, so these are left out: the fields of reports, which are whole objects,
 * those of access lines, and an error's stack.
 */
const saidInMessage =
  "pid,hostname,blocked,guard,method,url,status,clientGone,err.type,err.message,trace_id,span_id";

/** The loggers that offloop made, and whether a person reads them. */
const own = new WeakMap<Logger, { readonly isForReading: boolean }>();

/**
 * The server's log: one JSON line per entry, or a line for people to read. No line is lost at exit. A line that cannot
 * be written is lost, and stops nothing.
 *
 * @param isForReading - Default: true when the log goes to a terminal.
 * @param lines - Where JSON lines go. Default: stdout.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a level that there is not.
 */
export function createLogger(
  level: LogLevel,
  isForReading: boolean = process.stdout.isTTY === true,
  lines: DestinationStream = stdoutLines(),
): Logger {
  if (!allLevels.includes(level)) throw unknownLevel(level);
  const options = { level, base: { pid: process.pid }, ...hidingOf([]) };
  const format = isForReading ? createFormat(level) : String;
  const logger = pino(options, isForReading ? { write: (line) => lines.write(format(line)) } : lines);
  own.set(logger, { isForReading });
  return logger;
}

/** It often comes from the environment, where the type does not see it. */
function unknownLevel(level: unknown): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use logLevel: expected one of ${allLevels.join(", ")}, got ${shownValue(level)}`,
    { fix: "set logLevel to one of them, or leave it out" },
  );
}

/**
 * Turns JSON lines into lines for people to read. This takes some forty modules, which a server that
 * logs JSON need not wait for.
 */
function createFormat(level: LogLevel): (line: string) => string {
  const pretty: typeof import("pino-pretty") = createRequire(import.meta.url)("pino-pretty");
  const format = pretty.prettyFactory({
    colorize: process.stdout.isTTY,
    ignore: saidInMessage,
    translateTime: "HH:MM:ss.l",
    singleLine: true,
  });
  if (level === "debug" || level === "trace") return format;
  return (line) => {
    if (!line.includes('"err":{')) return format(line);
    const { err, ...rest } = JSON.parse(line) as { readonly err: DescribedError; readonly msg?: unknown };
    // What somebody else logs as `err` need not be an error.
    if (typeof err.type !== "string" || typeof err.message !== "string") return format(line);
    return format(JSON.stringify(rest)) + compactError(err, String(rest.msg ?? ""));
  };
}

/**
 * Whether a person reads the log, not a machine. A logger of the user's counts as read by a person
 * when stdout is a terminal.
 */
export function isForReading(log: Logger): boolean {
  return own.get(log)?.isForReading ?? process.stdout.isTTY === true;
}

/** The same log, without the values of further names. A logger of the user's decides for itself what to leave out. */
export function withoutSecrets(log: Logger, names: readonly string[]): Logger {
  const about = own.get(log);
  if (about === undefined || names.length === 0) return log;
  const child = log.child({}, hidingOf(names));
  own.set(child, about);
  return child;
}

/** Options that make a logger leave out secrets, also those in errors. */
function hidingOf(added: readonly string[]): Pick<pino.LoggerOptions, "serializers"> & {
  formatters: { log: (fields: object) => Record<string, unknown> };
} {
  const redaction = new Redaction(new SecretNames(added));
  return {
    formatters: { log: redaction.fields },
    serializers: { err: (error: unknown) => redaction.value(plainError(error)) },
  };
}

/** An error with its fields; one that was already described stays as it was. */
function plainError(error: unknown): unknown {
  if (!isError(error)) return error;
  // pino requires an instance of this realm's class.
  return describedBy(error) ?? (error instanceof Error ? stdSerializers.err(error) : describeError(error));
}

/** Returns the fields that name a span; empty where there is none. */
type TraceFields = (() => object) | undefined;

/** The same log, where each line names the active span. Lines from threads bring their span along. */
export function withTrace(log: Logger, trace: TraceFields): Logger {
  const mixin = trace && mixinSymbolOf(log);
  if (mixin === undefined) return log;
  const child = log.child({}) as Logger & Record<symbol, Mixin | undefined>;
  const outer = child[mixin];
  child[mixin] = (fields, ...rest) => ({
    ...("thread" in fields ? undefined : trace?.()),
    ...outer?.(fields, ...rest),
  });
  const about = own.get(log);
  if (about !== undefined) own.set(child, about);
  return child;
}

type Mixin = (fields: object, level: number, logger: Logger) => object;

/** The user's logger may come from another copy of pino, which has its own symbols. */
function mixinSymbolOf(log: Logger): symbol | undefined {
  for (let one: object | null = log; one !== null; one = Object.getPrototypeOf(one)) {
    const found = Object.getOwnPropertySymbols(one).find(({ description }) => description === "pino.mixin");
    if (found !== undefined) return found;
  }
  return undefined;
}
