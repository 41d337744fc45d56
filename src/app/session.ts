import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import type { AnySchema, OutputOf, Schemas } from "../schema/schema.ts";
import { DAY_MS, integer } from "./integer.ts";

/** Data kept for one visitor between requests: JSON, which the visitor can read but not change. */
export type Session = Record<string, unknown>;

/** The declared values of a session, as described by a schema, or by one schema for each key. */
export type SessionValues<Declared> = Declared extends AnySchema
  ? OutputOf<Declared>
  : Declared extends Schemas
    ? {
        -readonly [Name in keyof Declared as undefined extends OutputOf<Declared[Name]>
          ? never
          : Name]: OutputOf<Declared[Name]>;
      } & {
        -readonly [Name in keyof Declared as undefined extends OutputOf<Declared[Name]>
          ? Name
          : never]?: OutputOf<Declared[Name]>;
      }
    : Session;

/** How sessions are kept: in a signed cookie. Starlette's `SessionMiddleware`. */
export interface SessionSettings {
  /**
   * Signs the cookie: at least 32 characters that nobody else knows, the same in every process. Of several secrets, the
   * first signs and all are accepted, so that you can replace one with another.
   */
  readonly secret: string | readonly string[];
  /**
   * The cookie's name. Default `"session"`. Browsers keep one that begins with `__Host-` only if it is `secure`, for the
   * path `"/"`, and without a domain, so that no other host of the domain can set it; one with `__Secure-` if it is `secure`.
   */
  readonly cookie?: string | undefined;
  /**
   * How long a session lasts after it was last written. Milliseconds, 1,000-31,536,000,000 (a year). Default
   * 1,209,600,000 (14 days). A session that is read in the second half of its lifetime is written again.
   */
  readonly maxAgeMs?: number | undefined;
  /** The path the cookie is sent for, including all paths below. Default `"/"`. */
  readonly path?: string | undefined;
  /** The domain it is sent to, including its subdomains. Default: the host that sets it. */
  readonly domain?: string | undefined;
  /** Whether it is sent with requests from other sites. Default `"lax"`. */
  readonly sameSite?: "lax" | "strict" | "none" | undefined;
  /**
   * Whether it is sent over HTTPS only, regardless of what a proxy in front says. Default: true where `NODE_ENV` is
   * `"production"`, and for a name that needs it.
   */
  readonly secure?: boolean | undefined;
}

/** The same with defaults filled in. */
export interface ResolvedSession {
  readonly secrets: readonly string[];
  readonly cookie: string;
  readonly maxAgeMs: number;
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: "lax" | "strict" | "none";
  readonly secure: boolean;
}

/** The names of all these settings. */
export const sessionSettingNames: Readonly<Record<keyof SessionSettings, true>> = {
  secret: true,
  cookie: true,
  maxAgeMs: true,
  path: true,
  domain: true,
  sameSite: true,
  secure: true,
};

const MIN_SECRET = 32;
/** A token of RFC 9110, which a cookie's name is. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** RFC 6265, section 4.1.1: anything else would end the attribute, or begin another. */
const COOKIE_PATH = /^\/[\x20-\x3a\x3d-\x7e]*$/;
const COOKIE_DOMAIN = /^\.?[\da-z]([\da-z-]{0,61}[\da-z])?(\.[\da-z]([\da-z-]{0,61}[\da-z])?)*$/i;

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. Never shows a secret. */
export function resolveSession(session: SessionSettings | undefined): ResolvedSession | undefined {
  if (session === undefined) return undefined;
  const { secret, cookie = "session", path = "/", domain, sameSite = "lax" } = session;
  const secrets = (Array.isArray(secret) ? secret : [secret]) as readonly unknown[];
  for (const one of secrets.length === 0 ? [""] : secrets) checkSecret(one);
  if (!TOKEN.test(cookie)) throw invalid("cookie", `a name like "session"`, cookie);
  if (!COOKIE_PATH.test(path)) throw invalid("path", 'a path like "/app"', path);
  if (domain !== undefined && !COOKIE_DOMAIN.test(domain))
    throw invalid("domain", 'the name of a host, like "shop.example"', domain);
  if (!["lax", "strict", "none"].includes(sameSite))
    throw invalid("sameSite", `"lax", "strict" or "none"`, sameSite);
  const prefix = cookiePrefix(cookie);
  const secure = session.secure ?? (prefix !== undefined || process.env.NODE_ENV === "production");
  if (sameSite === "none" && !secure) throw invalid("secure", `true, as sameSite is "none"`, secure);
  checkCookiePrefix(prefix, { secure, path, domain });
  const maxAgeMs = integer("session.maxAgeMs", session.maxAgeMs ?? 14 * DAY_MS, [1_000, 365 * DAY_MS]);
  return { secrets: secrets as readonly string[], cookie, maxAgeMs, path, domain, sameSite, secure };
}

const COOKIE_PREFIX = /^__(?:host|secure)-/i;

/**
 * The prefix of a cookie's name by which browsers keep it only under conditions, the first of which is that it is secure;
 * undefined where it has none (RFC 6265bis, section 5.7: in upper or lower case).
 */
export function cookiePrefix(name: string): string | undefined {
  return COOKIE_PREFIX.exec(name)?.[0];
}

function checkCookiePrefix(
  prefix: string | undefined,
  { secure, path, domain }: Pick<ResolvedSession, "secure" | "path" | "domain">,
): void {
  if (prefix === undefined) return;
  const why = `as the name of the cookie begins with "${prefix}"`;
  if (!secure) throw invalid("secure", `true, ${why}`, secure);
  if (prefix.toLowerCase() !== "__host-") return;
  if (path !== "/") throw invalid("path", `"/", ${why}`, path);
  if (domain !== undefined) throw invalid("domain", `none, ${why}`, domain);
}

function checkSecret(secret: unknown): void {
  if (typeof secret === "string" && secret.length >= MIN_SECRET) return;
  const got = typeof secret === "string" ? `${secret.length} of them` : typeof secret;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use session.secret: expected ${MIN_SECRET} characters or more, got ${got}`,
    {
      fix: `make one with node -p "crypto.randomBytes(32).toString('base64url')", and read it from the environment`,
    },
  );
}

function invalid(name: string, expected: string, got: unknown): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use session.${name}: expected ${expected}, got ${shownValue(got)}`,
    { fix: `set session.${name} to that, or leave it out` },
  );
}

/** What to do where a session is read, and the app keeps none. */
export const SESSION_FIX = "set a secret to sign it: new App({ session: { secret: env.SESSION_SECRET } })";

/**
 * Empties a session: its cookie is deleted with the response.
 *
 * @param session - The session that your handler or dependency has received.
 * @example
 * ```ts
 * import { App, clearSession } from "offloop";
 *
 * const app = new App({ session: { secret: "0123456789abcdef0123456789abcdef" } });
 * app.post("/logout", async ({ session }) => clearSession(session));
 * ```
 */
export function clearSession(session: object): void {
  for (const key of Object.keys(session)) delete (session as Session)[key];
}
