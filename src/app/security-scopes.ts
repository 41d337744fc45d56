import { fileURLToPath } from "node:url";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import {
  type Dependency,
  type DependencyDeclaration,
  readDemand,
  registerDemand,
  registerDependency,
} from "./dependency.ts";
import { checkInputs } from "./inputs.ts";

/** The OAuth2 scopes that are demanded on the way from an operation to a dependency. FastAPI's `SecurityScopes`. */
export interface SecurityScopes {
  /** Each once, with those demanded nearest to the operation first. */
  readonly scopes: readonly string[];
  /** The same, joined with spaces, as they appear in `WWW-Authenticate` and in tokens. */
  readonly scopeStr: string;
}

/** What is demanded of a dependency. */
export interface SecurityOptions {
  /** OAuth2 scopes that must have been granted to it and to everything it needs. */
  readonly scopes: readonly string[];
}

const location = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
const scopesDeclaration: DependencyDeclaration = {
  name: "securityScopes",
  fn: (): SecurityScopes => ({ scopes: [], scopeStr: "" }),
  lane: "loop",
  isGenerator: false,
  scope: "request",
  cache: true,
  inputs: checkInputs("securityScopes", {}, location),
  deps: [],
  scheme: undefined,
  givesScopes: true,
  location,
};
registerDependency(scopesDeclaration);

/**
 * Provides a dependency with the scopes demanded of it: all that `security` names on the way from the operation to it.
 * Whatever needs it is created once for each set of scopes, not once per request. FastAPI's `SecurityScopes` parameter.
 *
 * @example
 * ```ts
 * import { depends, HTTPError } from "offloop";
 * import { oauth2PasswordBearer, securityScopes } from "offloop/security";
 *
 * const token = oauth2PasswordBearer("token", { scopes: { items: "Read items" } });
 * const granted = new Map([["token-of-ada", ["items"]]]);
 *
 * export const user = depends({ deps: { token, demanded: securityScopes } }, async ({ token, demanded }) => {
 *   const scopes = granted.get(token) ?? [];
 *   if (demanded.scopes.every((scope) => scopes.includes(scope))) return { name: "Ada" };
 *   throw new HTTPError(401, "Not enough permissions", {
 *     "WWW-Authenticate": `Bearer scope="${demanded.scopeStr}"`,
 *   });
 * });
 * ```
 */
export const securityScopes: Dependency<SecurityScopes> = scopesDeclaration as Dependency<SecurityScopes>;

/**
 * Demands OAuth2 scopes of a dependency: everything it needs can read them through `securityScopes`, and the document
 * lists them with its security schemes. Checking them is up to the dependencies. FastAPI's `Security`.
 *
 * @param dependency - The dependency.
 * @param options - The scopes.
 * @returns The same dependency with its demand, for the `deps` of operations, routers, apps and other dependencies.
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when it is not a dependency; `OFFLOOP_OPTION_INVALID` when
 * `scopes` is not an array of strings without spaces.
 * @example
 * ```ts
 * import { App, depends } from "offloop";
 * import { oauth2PasswordBearer, security } from "offloop/security";
 *
 * const token = oauth2PasswordBearer("token", { scopes: { items: "Read items" } });
 * const user = depends({ deps: { token } }, async ({ token }) => ({ name: token }));
 *
 * const app = new App();
 * app.get("/items", { deps: { user: security(user, { scopes: ["items"] }) } }, async ({ user }) => [user.name]);
 * ```
 */
export function security<Value>(dependency: Dependency<Value>, options: SecurityOptions): Dependency<Value> {
  const inner = readDemand(dependency);
  if (inner === undefined) {
    throw new OffloopError(
      "OFFLOOP_DEPENDENCY_INVALID",
      `Cannot demand scopes of a ${typeof dependency}: expected a dependency`,
      { at: callerLocation(), fix: "pass the result of depends(), or a security scheme" },
    );
  }
  const { scopes } = (options ?? {}) as Partial<SecurityOptions>;
  if (!Array.isArray(scopes) || !scopes.every(isScope)) {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot demand the scopes ${shownValue(scopes)}: expected an array of names without spaces`,
      { at: callerLocation(), fix: 'pass each scope by itself: { scopes: ["me", "items"] }' },
    );
  }
  const standIn: Dependency<Value> = { fn: dependency.fn, scope: dependency.scope };
  registerDemand(standIn, [inner[0], [...scopes, ...inner[1]]]);
  return standIn;
}

/** RFC 6749, section 3.3: printable, without spaces, quotes or backslashes. */
function isScope(value: unknown): value is string {
  return typeof value === "string" && /^[!#-[\]-~]+$/.test(value);
}
