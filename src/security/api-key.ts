import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import {
  createScheme,
  type Extracted,
  type SchemeOptions,
  type SecurityScheme,
  type SentCredentials,
} from "./scheme.ts";

/**
 * An API key in a header. FastAPI's `APIKeyHeader`.
 *
 * @param name - The header's name, in any case.
 * @param options - The options of every scheme.
 * @returns The scheme, which provides the key.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a name that nothing sent can have; `OFFLOOP_OPTION_UNKNOWN`.
 * @example
 * ```ts
 * import { apiKeyHeader } from "offloop/security";
 *
 * const key = apiKeyHeader("X-API-Key");
 * const sent = {
 *   headers: new Headers({ "x-api-key": "k1" }),
 *   query: new URLSearchParams(),
 *   cookies: new Map(),
 * };
 * console.log(key.extract(sent));
 * ```
 */
export function apiKeyHeader<AutoError extends boolean = true>(
  name: string,
  options: SchemeOptions<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  checkName("header", name, TOKEN);
  return apiKey("APIKeyHeader", { type: "apiKey", in: "header", name }, options, ({ headers }) =>
    headers.get(name.toLowerCase()),
  );
}

/**
 * An API key in a query parameter. FastAPI's `APIKeyQuery`. URLs end up in logs: prefer a header.
 *
 * @param name - The parameter's name.
 * @param options - The options of every scheme.
 * @returns The scheme, which provides the key.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a name that nothing sent can have; `OFFLOOP_OPTION_UNKNOWN`.
 * @example
 * ```ts
 * import { apiKeyQuery } from "offloop/security";
 *
 * const key = apiKeyQuery("key", { autoError: false });
 * const sent = { headers: new Headers(), query: new URLSearchParams("key=k1"), cookies: new Map() };
 * console.log(key.extract(sent) ?? "no key");
 * ```
 */
export function apiKeyQuery<AutoError extends boolean = true>(
  name: string,
  options: SchemeOptions<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  checkName("query parameter", name, /./s);
  return apiKey("APIKeyQuery", { type: "apiKey", in: "query", name }, options, ({ query }) =>
    query.get(name),
  );
}

/**
 * An API key in a cookie. FastAPI's `APIKeyCookie`. A browser sends it by itself: guard against forged requests.
 *
 * @param name - The cookie's name.
 * @param options - The options of every scheme.
 * @returns The scheme, which provides the key.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a name that nothing sent can have; `OFFLOOP_OPTION_UNKNOWN`.
 * @example
 * ```ts
 * import { apiKeyCookie } from "offloop/security";
 *
 * const session = apiKeyCookie("session", { description: "Given out by POST /login" });
 * console.log(session.definition);
 * ```
 */
export function apiKeyCookie<AutoError extends boolean = true>(
  name: string,
  options: SchemeOptions<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  checkName("cookie", name, TOKEN);
  return apiKey("APIKeyCookie", { type: "apiKey", in: "cookie", name }, options, ({ cookies }) =>
    cookies.get(name),
  );
}

/** RFC 9110 requires a challenge with every 401 and defines none for keys: `APIKey` is FastAPI's own. */
function apiKey<AutoError extends boolean>(
  name: string,
  definition: { type: "apiKey"; in: "header" | "query" | "cookie"; name: string },
  options: SchemeOptions<AutoError>,
  find: (sent: SentCredentials) => string | null | undefined,
): SecurityScheme<Extracted<string, AutoError>> {
  return createScheme(
    {
      name,
      definition,
      challenge: "APIKey",
      read: (sent) => find(sent) || undefined,
    },
    options,
  );
}

/** RFC 9110, section 5.6.2, which RFC 6265 refers to for the names of cookies. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

/** A header of another name is an error each time it is read, so that each request would be answered with 500. */
function checkName(what: string, name: unknown, allowed: RegExp): void {
  if (typeof name === "string" && allowed.test(name)) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot read an API key: expected the name of a ${what}, got ${shownValue(name)}`,
    { at: callerLocation(), fix: 'name it like "X-API-Key"' },
  );
}
