import {
  type Address,
  decoded,
  optional,
  readOptions,
  splitAddress,
  type WrittenAddress,
  writeAddress,
} from "./address.ts";
import { findMistakes, inSchemeOf, isSocketOfPostgres } from "./address-mistakes.ts";
import {
  adding,
  certain,
  conclude,
  type DsnDescription,
  type DsnMistake,
  describeNothing,
  driverMistakes,
  type Reading,
} from "./description.ts";
import { baseOf, type DriverName, drivers, findScheme, type Scheme } from "./drivers.ts";
import { readForeignForm } from "./foreign-form.ts";

/**
 * Says which part of a database URL is wrong, which driver accepts it, and which DSN to write. It opens no connection,
 * and never repeats the password.
 *
 * It recognises what people paste: SQLAlchemy's `postgresql+asyncpg://`; the forms of JDBC, PDO, .NET, Go and Rails;
 * libpq's keywords; quotes and names from a `.env` file; characters in a password that must be encoded; placeholders
 * that nobody filled in; a missing database; and a socket where the driver uses TCP.
 *
 * @param url - The DSN. Any text is accepted; the empty string counts as a mistake.
 * @param driver - The package that will receive it. Default: any that accepts the scheme.
 * @returns The description. It never throws; if your app should stop, check `advice` or `isCertain`.
 * @see https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls
 * @example
 * ```ts
 * import { describeDsn } from "offloop/dsn";
 *
 * const { advice } = describeDsn("postgresql+asyncpg://ada:secret@db/shop", "pg");
 * console.log(advice);
 * // "postgresql+asyncpg" names a driver of Python's SQLAlchemy: write postgresql://ada:***@db/shop, which pg takes
 * ```
 */
export function describeDsn(url: string, driver?: DriverName): DsnDescription {
  const { text, mistakes } = unwrapDsn(url);
  const reading: Reading = { driver, mistakes };
  const foreign = readForeignForm(text, serverScheme(driver));
  if (foreign !== undefined)
    return describeAddress(
      foreign.address,
      undefined,
      adding(reading, certain("whole", `It is ${foreign.kind}`)),
    );
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+._-]*):(.*)$/is.exec(text) ?? [];
  const known = findScheme(baseOf(scheme));
  if (known?.database === "SQLite") return describeFile(baseOf(scheme), rest, reading);
  if (known?.takenBy.some((name) => name in drivers) === true)
    return describeServer({ written: scheme, rest, known }, reading);
  if (known !== undefined) return describeElsewhere(known, reading);
  if (rest.startsWith("//"))
    return describeNothing(adding(reading, certain("scheme", `"${scheme}" is not the scheme of a database`)));
  return describeBare(text.replace(/^\/\//, ""), reading);
}

/** Quotes and a name are left over from a line of a `.env` file. */
function unwrapDsn(url: string): { text: string; mistakes: DsnMistake[] } {
  const trimmed = url.trim();
  const [head, name] = /^(?:export )?([A-Z][A-Z0-9_]*)=/.exec(trimmed) ?? [];
  const value = head === undefined ? trimmed : trimmed.slice(head.length).trim();
  const quote = value.length > 1 && value.endsWith(value.charAt(0)) ? value.charAt(0) : "";
  const text = /["'`]/.test(quote) ? value.slice(1, -1) : value;
  if (text === url) return { text, mistakes: [] };
  const problem =
    name !== undefined
      ? `It begins with "${name}="`
      : text === value
        ? "It has spaces around it"
        : "It stands in quotes";
  return { text, mistakes: [certain("whole", problem)] };
}

/** Without a scheme: a path, `ada:secret@db:5432/shop`, or nothing readable. */
function describeBare(text: string, reading: Reading): DsnDescription {
  const { driver, mistakes } = reading;
  if (text === "") return describeNothing(adding(reading, certain("whole", "It is empty")));
  if (driver !== undefined && drivers[driver].database === "SQLite" && !hasCredentials(text))
    return conclude({ database: "SQLite", takenBy: [driver], dsn: text, mistakes });
  if (!/^[^\s/]+@[\w.[\]:-]+(\/|$)/.test(text))
    return describeNothing(adding(reading, certain("whole", "It is not a URL, nor any other known form")));
  const written = splitAddress(text);
  const address = toAddress(serverScheme(driver), written);
  return describeAddress(address, written, adding(reading, certain("scheme", "It has no scheme")));
}

/** A file of SQLite, whichever driver it was passed to. */
function describeFile(scheme: string, rest: string, { driver, mistakes }: Reading): DsnDescription {
  const foreign = driverMistakes("SQLite", scheme, driver);
  const own = foreign.length > 0 ? undefined : driver;
  const { path, problem } = readSqlitePath(scheme, rest, own);
  const isRight = problem === undefined;
  return conclude({
    database: "SQLite",
    takenBy: own === undefined ? (isRight ? ["node:sqlite"] : ["node:sqlite", "better-sqlite3"]) : [own],
    dsn: isRight ? `${scheme}:${rest}` : path,
    mistakes: [...foreign, ...mistakes, ...(isRight ? [] : [certain("scheme", problem)])],
  });
}

/** A SQLite DSN, and what to pass to a driver instead. */
interface SqlitePath {
  /** The path itself, or `:memory:`. */
  readonly path: string;
  /** What is wrong with the DSN for this driver. */
  readonly problem: string | undefined;
}

/**
 * Reads `sqlite:///shop.db`, `sqlite:////srv/shop.db`, `sqlite:shop.db`, `sqlite://`, `sqlite::memory:` and
 * `file:shop.db`. The drivers accept paths: they take a scheme for part of a file name, or report that the file cannot
 * be opened.
 */
function readSqlitePath(scheme: string, rest: string, driver: DriverName | undefined): SqlitePath {
  const [place = ""] = rest.split("?");
  if (scheme === "file") return { path: filePath(place), problem: fileProblem(driver) };
  return {
    path: sqlitePath(place),
    problem: `"${scheme}" is a scheme of other tools, and a part of the file's name for the drivers of SQLite`,
  };
}

function filePath(place: string): string {
  if (place === "" || place.startsWith(":memory:")) return ":memory:";
  return place.startsWith("//") ? place.replace(/^\/\/[^/]*/, "") : place;
}

/** SQLAlchemy counts slashes: three precede a relative path, four an absolute one. */
function sqlitePath(place: string): string {
  const path = place.replace(/^\/\/\/?/, "");
  return path === "" || path === ":memory:" ? ":memory:" : path;
}

function fileProblem(driver: DriverName | undefined): string | undefined {
  return driver === "better-sqlite3"
    ? 'better-sqlite3 takes a path, and makes a file whose name begins with "file:"'
    : undefined;
}

/** For a server that none of the known drivers can reach. */
function describeElsewhere({ database, takenBy }: Scheme, { driver, mistakes }: Reading): DsnDescription {
  const speaks = driver === undefined ? "" : `, and ${driver} speaks ${drivers[driver].database}`;
  const isWrong = driver !== undefined || takenBy.length === 0;
  const foreign = isWrong ? [certain("scheme", `It leads to ${database}${speaks}`)] : [];
  return conclude({ database, takenBy, dsn: undefined, mistakes: [...foreign, ...mistakes] });
}

/** For an address without a scheme: passed by mistake to a driver of SQLite, it is probably PostgreSQL's. */
function serverScheme(driver: DriverName | undefined): string {
  const { database, scheme } = drivers[driver ?? "pg"];
  return database === "SQLite" ? "postgresql" : scheme;
}

/** `ada:secret@`, which a path does not have. */
function hasCredentials(text: string): boolean {
  return text.includes(":") && text.lastIndexOf("@") > text.indexOf(":");
}

/** A URL with a known scheme. */
interface ReadUrl {
  readonly written: string;
  readonly rest: string;
  readonly known: Scheme;
}

/** The DSN of a server that a known driver can reach. */
function describeServer(url: ReadUrl, reading: Reading): DsnDescription {
  const { written, rest, known } = url;
  const parts = splitAddress(rest.replace(hasTooManySlashes(rest) ? /^\/+/ : /^\/{0,2}/, ""));
  const address = toAddress(known.write ?? baseOf(written), parts);
  return describeAddress(address, parts, adding(reading, ...schemeMistakes(url)));
}

function hasTooManySlashes(rest: string): boolean {
  return /^\/\/\/+[^/]*@/.test(rest);
}

function schemeMistakes({ written, rest, known }: ReadUrl): DsnMistake[] {
  const problems: string[] = [];
  if (written.includes("+")) problems.push(`"${written}" names a driver of Python's SQLAlchemy`);
  else if (known.write !== undefined) problems.push(`"${written}" is the spelling of ${known.of}`);
  if (!rest.startsWith("//")) problems.push(`"${written}:" is not followed by "//"`);
  else if (hasTooManySlashes(rest)) problems.push(`"${written}:" is followed by more than two slashes`);
  return problems.map((problem) => certain("scheme", problem));
}

/** An address in any form: with a scheme, without one, or in the form of another ecosystem. */
function describeAddress(
  read: Address,
  written: WrittenAddress | undefined,
  { driver, mistakes }: Reading,
): DsnDescription {
  const { database = "", takenBy = [] } = findScheme(read.scheme) ?? {};
  const foreign = driverMistakes(database, read.scheme, driver);
  const own = foreign.length > 0 ? undefined : driver;
  const spelled = inSchemeOf(own, read);
  const checked = findMistakes({ address: spelled.address, written, driver: own, database });
  const all = checked.address.options.some(isSocketOfPostgres) ? ["pg"] : takenBy;
  return conclude({
    database,
    takenBy: own === undefined ? all : [own],
    dsn: writeAddress(checked.address),
    mistakes: [...foreign, ...mistakes, ...spelled.mistakes, ...checked.mistakes],
  });
}

/** The decoded parts. */
function toAddress(scheme: string, written: WrittenAddress): Address {
  return {
    scheme,
    user: optional(decoded(written.user)),
    password: written.password === undefined ? undefined : decoded(written.password),
    host: optional(written.host),
    port: optional(written.port),
    database: optional(decoded(written.database)),
    options: readOptions(written.query),
  };
}
