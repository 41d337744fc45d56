import { type Command, InvalidArgumentError, Option } from "commander";
import type { ServerSettings } from "../app/settings/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { TlsFiles } from "../http/lifecycle/tls.ts";
import { allLevels, type LogLevel } from "../http/logs/logger.ts";

/** Options of the commands that serve an app. */
export interface Serving {
  readonly host: string;
  readonly port: number;
  readonly socket?: string;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly threads?: number;
  readonly rootPath?: string;
  readonly trustProxy?: true | readonly string[];
  readonly logLevel: string;
  readonly accessLog: boolean;
}

/** Adds these options to a command. */
export function takesServing(command: Command): Command {
  return command
    .argument("<module[:export]>", "the module that holds the app, like app.ts or app.ts:api")
    .addOption(orBy("HOST", new Option("--host <address>", "address to listen on").default("127.0.0.1")))
    .addOption(
      orBy(
        "PORT",
        new Option("--port <number>", "port to listen on; 0 takes a free one")
          .argParser(wholeNumber)
          .default(8000),
      ),
    )
    .option("--socket <path>", "Unix socket to listen on, in place of host and port")
    .option("--tls-key <file>", "serve https with this private key, in PEM")
    .option("--tls-cert <file>", "serve https with this certificate, in PEM")
    .addOption(threadsOption())
    .option("--root-path <path>", "prefix that a proxy puts before the app's paths, like /api/v1")
    .option(
      "--trust-proxy <addresses>",
      "addresses of proxies whose X-Forwarded headers to believe, separated by commas; unix for --socket, * for all",
      addresses,
    )
    .addOption(logLevelOption())
    .option("--no-access-log", "do not log each request");
}

/** The size of the pool. */
export function threadsOption(): Option {
  const description =
    "threads for plain functions, at most (default: min(32, cores + 4), fewer in a small container)";
  return new Option("--threads <number>", description).argParser(wholeNumber);
}

/** How much is logged. */
export function logLevelOption(): Option {
  const description = "lowest level to log: trace, debug, info, warn, error, fatal or silent";
  return new Option("--log-level <level>", description).default("info");
}

/**
 * An environment variable may set it, too. An empty variable does not count: listening on "" would mean listening
 * everywhere.
 */
function orBy(variable: string, option: Option): Option {
  return process.env[variable] === "" ? option : option.env(variable);
}

/** The options that take precedence over the app's own settings. */
export function settingsOf({
  threads,
  rootPath,
  trustProxy,
}: Serving): Pick<ServerSettings, "threads" | "rootPath" | "trustProxy"> {
  return {
    ...(threads === undefined ? {} : { threads: { max: threads } }),
    ...(rootPath === undefined ? {} : { rootPath }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
  };
}

/** The files for https, if one of them is given. */
export function tlsOf({ tlsKey = "", tlsCert = "" }: Serving): { readonly tls?: TlsFiles } {
  return tlsKey === "" && tlsCert === "" ? {} : { tls: { key: tlsKey, cert: tlsCert } };
}

function addresses(text: string): true | string[] {
  return text === "*" || text.split(",").map((address) => address.trim());
}

/** Parses the argument of an option that takes a count. */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number");
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for an unknown level. */
export function checkedLevel(level: string): LogLevel {
  const known = allLevels.find((candidate) => candidate === level);
  if (known !== undefined) return known;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use --log-level: expected one of ${allLevels.join(", ")}, got "${level}"`,
    { fix: "write one of them, like --log-level debug" },
  );
}
