import { type Address, decoded, type Option, optional, readOptions, splitAddress } from "./address.ts";

/** A DSN in another form, read as an address. */
interface ForeignForm {
  /** For example `a DSN of JDBC`. */
  readonly kind: string;
  readonly address: Address;
}

/** The names of settings in ecosystems that write `name=value` pairs. */
const names: ReadonlyMap<string, keyof Address> = new Map<string, keyof Address>(
  Object.entries({
    host: "host",
    hostaddr: "host",
    server: "host",
    "data source": "host",
    port: "port",
    dbname: "database",
    database: "database",
    databasename: "database",
    "initial catalog": "database",
    user: "user",
    username: "user",
    "user id": "user",
    uid: "user",
    password: "password",
    pwd: "password",
  }),
);

/** Reads the forms of other ecosystems: JDBC, libpq's keywords, PDO and ADO.NET, and Go. */
export function readForeignForm(text: string, scheme: string): ForeignForm | undefined {
  return readJdbc(text) ?? readGo(text) ?? readPairs(text, scheme);
}

/** `jdbc:postgresql://db:5432/shop?user=ada&password=secret`. */
function readJdbc(text: string): ForeignForm | undefined {
  const [, scheme, rest] = /^jdbc:([a-z][a-z0-9]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  // In SQL Server's form, pairs follow.
  const [place = "", ...pairs] = scheme.toLowerCase() === "sqlserver" ? rest.split(";") : [rest];
  const written = splitAddress(place);
  const options = [...readOptions(written.query), ...pairs.map(pairOf)];
  const own = withNames({ scheme, options });
  return {
    kind: "a DSN of Java's JDBC",
    address: {
      ...own,
      user: own.user ?? optional(written.user),
      password: own.password ?? (written.password && decoded(written.password)),
      host: optional(written.host),
      port: optional(written.port),
      database: own.database ?? optional(written.database),
      options: own.options.filter(([name]) => !jdbcOnly.test(name)),
    },
  };
}

/** Options that only JDBC drivers know. */
const jdbcOnly =
  /^(useSSL|useUnicode|characterEncoding|serverTimezone|allowPublicKeyRetrieval|currentSchema)$/i;

/** `ada:secret@tcp(db:3306)/shop?parseTime=true`. */
function readGo(text: string): ForeignForm | undefined {
  const [, user = "", password, host, port, database] =
    /^(?:mysql:\/\/)?([^:@]*)(?::(.*))?@(?:tcp|tcp6)\(([^():]*)(?::(\d+))?\)\/([^?]*)/s.exec(text) ?? [];
  if (host === undefined) return undefined;
  const address: Address = {
    scheme: "mysql",
    user,
    password,
    host,
    port,
    database: optional(database ?? ""),
    options: [],
  };
  return { kind: "a DSN of Go's MySQL driver", address };
}

/** `pgsql:host=db;dbname=shop`, `host=db dbname=shop user=ada`, `Server=db;Database=shop;User Id=ada`. */
function readPairs(text: string, scheme: string): ForeignForm | undefined {
  const [head = "", named] = /^(pgsql|mysql):(?!\/)/i.exec(text) ?? [];
  const rest = text.slice(head.length);
  if (!/^\w[\w ]{0,30}=/.test(rest)) return undefined;
  const keywords = named === undefined ? readKeywords(rest) : undefined;
  const pairs = keywords ?? rest.split(";").filter(Boolean).map(pairOf);
  const found = withNames({
    scheme: named === undefined ? scheme : named.toLowerCase() === "pgsql" ? "postgresql" : "mysql",
    options: pairs,
  });
  if (found.host === undefined && found.database === undefined) return undefined;
  const others = named === undefined ? "a string of .NET's" : "a DSN of PHP's PDO";
  return { kind: keywords === undefined ? others : "libpq's keywords", address: { ...found, options: [] } };
}

/**
 * Reads libpq's `host=db dbname='my shop'`; undefined for any other form, such as pairs separated by semicolons.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 */
function readKeywords(text: string): Option[] | undefined {
  const found: Option[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const [name] = /^\w{1,30}/.exec(rest) ?? [];
    if (name === undefined) return undefined;
    const after = rest.slice(name.length).trimStart();
    if (!after.startsWith("=")) return undefined;
    const value = readValue(after.slice(1).trimStart());
    if (value === undefined) return undefined;
    found.push([name, value.text]);
    rest = value.rest.trimStart();
  }
  return found.length === 0 ? undefined : found;
}

interface Value {
  readonly text: string;
  readonly rest: string;
}

function readValue(text: string): Value | undefined {
  if (text.startsWith("'")) return readQuoted(text);
  const end = text.search(/\s/);
  const value = end < 0 ? text : text.slice(0, end);
  return value.includes(";") ? undefined : { text: value, rest: text.slice(value.length) };
}

/** Within quotes, a backslash makes the next character literal. */
function readQuoted(text: string): Value | undefined {
  let value = "";
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "'") return { text: value, rest: text.slice(at + 1) };
    if (text[at] === "\\") at++;
    value += text[at] ?? "";
  }
  return undefined;
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** Moves options that have a place of their own in an address to that place. */
function withNames(address: Address): Address {
  const placed: Partial<Record<keyof Address, string>> = {};
  const options = address.options.filter(([name, value]) => {
    const place = names.get(name.toLowerCase());
    if (place !== undefined) placed[place] = value;
    return place === undefined;
  });
  return { ...placed, scheme: address.scheme, options };
}
