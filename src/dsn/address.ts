/** The decoded parts of a server's DSN. */
export interface Address {
  readonly scheme: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** The hosts of a cluster stay as written, with their ports: `a:5432,b:5432`. */
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly database?: string | undefined;
  readonly options: readonly Option[];
}

/** A name and a value after the `?`. */
export type Option = readonly [name: string, value: string];

/** The parts as written, before anything is decoded. */
export interface WrittenAddress {
  readonly user: string;
  /** Undefined without a `:` after the user. */
  readonly password: string | undefined;
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly query: string;
}

/** Takes the place of a password wherever a DSN is shown. */
const HIDDEN = "***";

/**
 * Splits what follows `scheme://`, as its author meant it: a password may contain characters that would end it for a
 * parser of URLs.
 */
export function splitAddress(text: string): WrittenAddress {
  const [authority, query] = splitQuery(text);
  const at = endOfCredentials(authority);
  const [user, password] = splitOnce(authority.slice(0, Math.max(at, 0)), ":");
  const [place, database = ""] = splitOnce(authority.slice(at + 1), "/");
  const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::([^,]*))?$/.exec(place) ?? ["", place];
  return { user, password, host, port, database, query: query ?? "" };
}

/** An option's name contains no `@`, and precedes a `=`: a `?` before anything else belongs to a password. */
function splitQuery(text: string): [string, string?] {
  const start = text.search(/\?(?:[^@?=]*=[^?]*)?$/);
  if (start < 0) return [text];
  const [authority, query] = [text.slice(0, start), text.slice(start + 1)];
  return query.includes("@") && isOpenPassword(authority) ? [text] : [authority, query];
}

/** `ada:p`: what follows the colon is not a port, so the `@` is still to come. */
function isOpenPassword(authority: string): boolean {
  const [user, rest = "@"] = splitOnce(authority, ":");
  return !/[/@]/.test(user) && !rest.includes("@") && !/^\d*(?:\/|$)/.test(rest);
}

/** Finds the last `@`, unless a host without credentials precedes the path: few databases have an `@` in their name. */
function endOfCredentials(authority: string): number {
  const isHost = /^(\[[^\]]*\]|[^:/@]*)(:\d*)?\//.test(authority);
  return isHost ? -1 : authority.lastIndexOf("@");
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Decodes escapes, and leaves a `%` alone that is not part of one. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Undefined for a part that is not there. */
export function optional(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** The options of a query string. */
export function readOptions(query: string): Option[] {
  return [...new URLSearchParams(query)];
}

const secretName = /pass|pwd|secret|token|key/i;

/** Writes a DSN that every driver can parse, with the password and other secrets hidden. */
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

/** Keeps a path readable; escapes what would end the value. */
function escaped(value: string): string {
  return encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%2C", ",");
}
