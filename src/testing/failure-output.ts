import { createRequire } from "node:module";
import type { Logger } from "pino";
import { createLogger } from "../http/logger.ts";

type Format = (line: string) => string;

/** The log of a test that gave none: what failed in the app goes to stderr, as the test sees no more than a 500. */
export function createFailureOutput(): Logger {
  let format: Format | undefined;
  return createLogger("error", false, {
    write(line) {
      format ??= createFormat();
      process.stderr.write(format(line));
    },
  });
}

/** Loaded when something fails. */
function createFormat(): Format {
  const { prettyFactory } = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  return prettyFactory({
    colorize: false,
    ignore: "pid,hostname,time,reqId,operation,err.type,err.message",
    singleLine: true,
  });
}
