import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import type { Resolved } from "./resolved.ts";

/** What to leave out of the log. */
export interface LogSettings {
  /**
   * Names whose values the log leaves out, in any case: of parameters in URLs, and of fields of a line, at any depth.
   * They come in addition to those that are always hidden: anything declared as a password, as `writeOnly` or as an API
   * key, and any name that contains one of these words: password, secret, token, credential, authorization, cookie and
   * the like. Default none.
   */
  readonly secrets?: readonly string[] | undefined;
  /** Whether logged URLs include the values of their query, except for secret ones. Default true. */
  readonly queryValues?: boolean | undefined;
  /**
   * Paths whose requests are not logged; `"/internal/*"` stands for all that begin with it. Default: those of health
   * probes and metrics.
   */
  readonly skipPaths?: readonly string[] | undefined;
}

/** The same with every default filled in. */
export type ResolvedLog = Resolved<LogSettings>;

/** The names of all these options. */
export const logSettingNames: Readonly<Record<keyof LogSettings, true>> = {
  secrets: true,
  queryValues: true,
  skipPaths: true,
};

/**
 * @param ownPaths - Paths that only machines ask for.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when names or paths are not valid.
 */
export function resolveLog(log: LogSettings, ownPaths: readonly string[]): ResolvedLog {
  const { secrets = [], queryValues = true, skipPaths = ownPaths } = log;
  checkList("log.secrets", secrets, /./, 'names as they stand in URLs or fields, like ["iban"]');
  checkList("log.skipPaths", skipPaths, /^\//, 'paths of the app, like ["/internal/*"]');
  return { secrets, queryValues: queryValues !== false, skipPaths };
}

function checkList(setting: string, list: unknown, each: RegExp, what: string): void {
  if (Array.isArray(list) && list.every((item) => typeof item === "string" && each.test(item))) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${setting}: expected a list of ${what.split(",")[0]}, got ${shownValue(list)}`,
    { fix: `list ${what}` },
  );
}
