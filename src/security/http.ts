import { isUtf8 } from "node:buffer";
import { timingSafeEqual as equalBytes, hash } from "node:crypto";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import {
  type AuthorizationCredentials,
  createScheme,
  type Extracted,
  readAuthorization,
  readCredentials,
  type SchemeOptions,
  type SecurityScheme,
} from "./scheme.ts";

/** The credentials of HTTP Basic. */
export interface BasicCredentials {
  /** The user's name; may be empty. */
  readonly username: string;
  /** The password; may be empty and may contain colons. */
  readonly password: string;
}

/** Options of {@link httpBasic}. */
export interface BasicOptions<AutoError extends boolean = boolean> extends SchemeOptions<AutoError> {
  /** The realm that the browser's dialog shows. Default none. */
  readonly realm?: string | undefined;
}

/** Options of {@link httpBearer}. */
export interface BearerOptions<AutoError extends boolean = boolean> extends SchemeOptions<AutoError> {
  /** The format of the token, for the reader of the document: `"JWT"`. */
  readonly bearerFormat?: string | undefined;
}

/**
 * HTTP Basic: name and password in the Authorization header. RFC 7617, read as UTF-8; FastAPI's `HTTPBasic`.
 *
 * @param options - The realm, and the options of every scheme.
 * @returns The scheme, which provides name and password.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a realm that a header cannot have.
 * @example
 * ```ts
 * import { httpBasic } from "offloop/security";
 *
 * const basic = httpBasic({ realm: "shop" });
 * const { username, password } = basic.extract({
 *   headers: new Headers({ authorization: `Basic ${btoa("ada:secret")}` }),
 *   query: new URLSearchParams(),
 *   cookies: new Map(),
 * });
 * console.log(username, password);
 * ```
 */
export function httpBasic<AutoError extends boolean = true>(
  options: BasicOptions<AutoError> = {},
): SecurityScheme<Extracted<BasicCredentials, AutoError>> {
  const { realm } = options;
  if (realm !== undefined) checkRealm(realm);
  const challenge = realm === undefined ? "Basic" : `Basic realm="${realm.replaceAll(/["\\]/g, "\\$&")}"`;
  return createScheme(
    {
      name: "HTTPBasic",
      definition: { type: "http", scheme: "basic" },
      challenge,
      read: (sent) => decodeBasic(readAuthorization(sent, "basic")?.credentials ?? ""),
    },
    options,
  );
}

/**
 * HTTP Bearer: a token in the Authorization header. RFC 6750; FastAPI's `HTTPBearer`.
 *
 * @param options - The token's format, and the options of every scheme.
 * @returns The scheme, which provides its name as sent, and the token as `credentials`.
 * @example
 * ```ts
 * import { httpBearer } from "offloop/security";
 *
 * const bearer = httpBearer({ bearerFormat: "JWT", autoError: false });
 * const sent = { headers: new Headers(), query: new URLSearchParams(), cookies: new Map() };
 * console.log(bearer.extract(sent)?.credentials ?? "nobody");
 * ```
 */
export function httpBearer<AutoError extends boolean = true>(
  options: BearerOptions<AutoError> = {},
): SecurityScheme<Extracted<AuthorizationCredentials, AutoError>> {
  const { bearerFormat } = options;
  return createScheme(
    {
      name: "HTTPBearer",
      definition: { type: "http", scheme: "bearer", ...(bearerFormat === undefined ? {} : { bearerFormat }) },
      challenge: "Bearer",
      read: (sent) => readCredentials(sent, "bearer"),
    },
    options,
  );
}

/**
 * HTTP Digest, documented only: it provides the content of the header and leaves the exchange of RFC 7616 to you, like
 * FastAPI's `HTTPDigest`.
 *
 * @param options - The options of every scheme.
 * @returns The scheme, which provides its name as sent, and the rest of the header as `credentials`.
 * @example
 * ```ts
 * import { httpDigest } from "offloop/security";
 *
 * const digest = httpDigest({ description: "As our routers do it" });
 * console.log(digest.definition);
 * ```
 */
export function httpDigest<AutoError extends boolean = true>(
  options: SchemeOptions<AutoError> = {},
): SecurityScheme<Extracted<AuthorizationCredentials, AutoError>> {
  return createScheme(
    {
      name: "HTTPDigest",
      definition: { type: "http", scheme: "digest" },
      challenge: "Digest",
      read: (sent) => readCredentials(sent, "digest"),
    },
    options,
  );
}

/** RFC 9110, section 5.5: a header has one line, and bytes. Otherwise each refusal would be a 500. */
function checkRealm(realm: unknown): void {
  if (typeof realm === "string" && /^[\t\x20-\x7e\xa0-\xff]*$/.test(realm)) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use realm: expected text of one line in Latin-1, got ${shownValue(realm)}`,
    { at: callerLocation(), fix: 'name it like "shop"' },
  );
}

function decodeBasic(encoded: string): BasicCredentials | undefined {
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  const text = isUtf8(bytes) ? bytes.toString() : "";
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Whether two secrets are equal. The time it takes reveals neither where they differ nor how long they are. Python's
 * `secrets.compare_digest`, for text of any length.
 *
 * @param a - One secret.
 * @param b - The other.
 * @returns Whether they are the same text.
 * @example
 * ```ts
 * import { timingSafeEqual } from "offloop/security";
 *
 * console.log(timingSafeEqual("secret", process.env.PASSWORD ?? ""));
 * ```
 */
export function timingSafeEqual(a: string, b: string): boolean {
  return equalBytes(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}
