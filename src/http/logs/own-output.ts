import type { Logger } from "pino";
import { captureOutput } from "../../app/load/process-output.ts";
import { describeError, loggable } from "../../errors/described-error.ts";
import { exitCallText } from "../../errors/exit-call.ts";
import { isForReading } from "./logger.ts";

/** Returns whose code is running now: its operation and request, where known. */
export type RunAtHand = () => object | undefined;

/** Where lines go, and whose they are. */
interface Sink {
  log: Logger;
  about: RunAtHand;
}

let sink: Sink | undefined;

/** Whether everything the process writes goes into its log. */
export function ownsOutput(): boolean {
  return sink !== undefined;
}

/**
 * Turns everything the process writes into lines of its log: `console`, warnings, what libraries write, and the error
 * that ends it. Not where a person reads the log, nor where it is silent, since the lines would be lost. When called
 * again, the log given last receives what follows.
 */
export function takeOutput(log: Logger, about: RunAtHand = () => undefined): void {
  if (sink !== undefined) {
    Object.assign(sink, { log, about });
    return;
  }
  if (isForReading(log) || !log.isLevelEnabled("fatal")) return;
  const into: Sink = { log, about };
  sink = into;
  captureOutput(({ level, fields, message }) => into.log[level]({ ...into.about(), ...fields }, message));
  process.on("uncaughtException", (error) => endBy(error, into));
  process.once("exit", (code) => sayWhoExits(code, into));
}

/** Otherwise nothing would say why the server ended: the app, or a package of it, may call `process.exit`. */
function sayWhoExits(code: number, { log, about }: Sink): void {
  const what = exitCallText();
  if (what !== undefined) log.warn({ ...about(), exitCode: code }, `the process ends: ${what}`);
}

/** Ends as Node does, which would print the error; where the user's own code listens, that code decides. */
function endBy(thrown: unknown, { log, about }: Sink): void {
  const isLast = process.listenerCount("uncaughtException") === 1;
  const error = describeError(thrown);
  const fields = { ...about(), err: loggable(error) };
  if (!isLast) return void log.error(fields, `uncaught: ${error.message}`);
  log.fatal(fields, `the process ends: ${error.message}`);
  process.exit(1);
}
