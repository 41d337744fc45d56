import { OffloopError } from "../errors/offloop-error.ts";

/** What the log leaves out. */
export interface LogSettings {
  /**
   * Names whose values the log leaves out, whatever their case: of parameters in URLs, and of fields of a line, at any
   * depth. They are added to those that are hidden anyway: what is declared as a password, as `writeOnly` or as an API key,
   * and what has one of these words in its name: password, secret, token, credential, authorization, cookie and their like.
   * Default none.
   */
  readonly secrets?: readonly string[];
  /** Whether URLs have the values of their query, those that are no secrets. Default true. */
  readonly queryValues?: boolean;
  /**
   * Paths whose requests have no line; `"/internal/*"` stands for all that begin so. Default: those of health probes and
   * metrics.
   */
  readonly skipPaths?: readonly string[];
}

/** The same with every default filled in. */
export type ResolvedLog = Required<LogSettings>;

/** The names of all of them. */
export const logSettingNames: Readonly<Record<keyof LogSettings, true>> = {
  secrets: true,
  queryValues: true,
  skipPaths: true,
};

/**
 * @param ownPaths - Those that are asked for by machines only.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for what are no names or no paths.
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
    `Cannot use ${setting}: expected a list of ${what.split(",")[0]}, got ${JSON.stringify(list)}`,
    { fix: `list ${what}` },
  );
}
