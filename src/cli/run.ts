import { loadApp } from "../app/load.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { listen } from "../http/listen.ts";
import type { LogLevel } from "../http/logger.ts";
import { createLogger } from "../http/logger.ts";
import { parseTarget } from "./target.ts";

/** Options of `offloop run`. */
export interface RunOptions {
  readonly host: string;
  readonly port: number;
  readonly threads?: number;
  readonly logLevel: string;
  readonly accessLog: boolean;
}

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** `offloop run`: serves the app until a signal ends it. */
export async function run(
  module: string,
  { host, port, threads, logLevel, accessLog }: RunOptions,
): Promise<void> {
  const target = parseTarget(module);
  const logger = createLogger(checkedLevel(logLevel));
  const app = await loadApp(target);
  const settings = threads === undefined ? {} : { threads: { max: threads } };
  const server = await listen(app, { host, port, accessLog, logger, ...settings }, target);
  logger.info(`${app.title} ${app.version} listens on ${server.url}`);
}

function checkedLevel(level: string): LogLevel {
  const known = levels.find((candidate) => candidate === level);
  if (known !== undefined) return known;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use --log-level: expected one of ${levels.join(", ")}, got "${level}"`,
    {
      fix: "give one of these",
    },
  );
}
