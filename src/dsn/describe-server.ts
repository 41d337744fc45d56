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
import { adding, conclude, type DsnDescription, driverMistakes, type Reading } from "./description.ts";
import { baseOf, findScheme, type Scheme } from "./drivers.ts";
import { certain, type DsnMistake } from "./dsn-mistake.ts";

/** A URL with a known scheme. */
interface ReadUrl {
  readonly written: string;
  readonly rest: string;
  readonly known: Scheme;
}

/** The DSN of a server that a known driver can reach. */
export function describeServer(url: ReadUrl, reading: Reading): DsnDescription {
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
export function describeAddress(
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
export function toAddress(scheme: string, written: WrittenAddress): Address {
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
