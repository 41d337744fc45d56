/** What a DSN of a server is made of, decoded. */
export interface Address {
  readonly scheme: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Several of a cluster stay as they are, with their ports: `a:5432,b:5432`. */
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly database?: string | undefined;
  readonly options: readonly Option[];
}

/** A name and a value after the `?`. */
export type Option = readonly [name: string, value: string];

/** The parts as they were written, before anything is decoded. */
export interface WrittenAddress {
  readonly user: string;
  /** Undefined without a `:` after the user. */
  readonly password: string | undefined;
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly query: string;
}

/** Stands for a password wherever a DSN is shown. */
const HIDDEN = "***";

/**
 * Takes apart what follows `scheme://`, as its writer meant it: a password may hold what ends it for a parser of URLs.
 */
export function splitAddress(text: string): WrittenAddress {
  const [authority, query] = splitQuery(text);
  const at = endOfCredentials(authority);
  const [user, password] = splitOnce(authority.slice(0, Math.max(at, 0)), ":");
  const [place, database = ""] = splitOnce(authority.slice(at + 1), "/");
  const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::([^,]*))?$/.exec(place) ?? ["", place];
  return { user, password, host, port, database, query: query ?? "" };
}

/** An option's name holds no `@`, and comes before a `=`: a `?` before anything else belongs to a password. */
function splitQuery(text: string): [string, string?] {
  const start = text.search(/\?(?:[^@?=]*=[^?]*)?$/);
  if (start < 0) return [text];
  const [authority, query] = [text.slice(0, start), text.slice(start + 1)];
  return query.includes("@") && isOpenPassword(authority) ? [text] : [authority, query];
}

/** `ada:p`: what follows the colon is no port, so that the `@` is still to come. */
function isOpenPassword(authority: string): boolean {
  const [user, rest = "@"] = splitOnce(authority, ":");
  return !/[/@]/.test(user) && !rest.includes("@") && !/^\d*(?:\/|$)/.test(rest);
}

/** The last `@`, unless what stands before the path is a host without credentials: few databases have one in their name. */
function endOfCredentials(authority: string): number {
  const isHost = /^(\[[^\]]*\]|[^:/@]*)(:\d*)?\//.test(authority);
  return isHost ? -1 : authority.lastIndexOf("@");
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Decodes what is encoded, and leaves a `%` alone that encodes nothing. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The options of a query string. */
export function readOptions(query: string): Option[] {
  return [...new URLSearchParams(query)];
}

const secretName = /pass|pwd|secret|token|key/i;

/** Writes a DSN that every driver reads, the password and other secrets hidden. */
export function writeAddress({ scheme, user, password, host, port, database, options }: Address): string {
  const credentials = [
    user === undefined ? "" : encodeURIComponent(user),
    password === undefined ? "" : `:${HIDDEN}`,
  ].join("");
  const shown = options.map(([name, value]) => `${name}=${secretName.test(name) ? HIDDEN : escaped(value)}`);
  return [
    `${scheme}://`,
    credentials && `${credentials}@`,
    host ?? "",
    port && `:${port}`,
    database === undefined ? "" : `/${encodeURIComponent(database)}`,
    shown.length > 0 ? `?${shown.join("&")}` : "",
  ].join("");
}

/** A path stays readable; what would end the value does not stay. */
function escaped(value: string): string {
  return encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%2C", ",");
}
