import type { BaseContext, RequestInfo } from "../app/context.ts";
import { type Dependency, type DependencyDeclaration, registerDependency } from "../app/dependency.ts";
import { checkInputs } from "../app/inputs.ts";
import { checkOptionNames } from "../app/option-names.ts";
import type { DeclaredSecurityScheme, SecuritySchemeDefinition } from "../app/security-scheme.ts";
import { HTTPError } from "../errors/http-error.ts";
import { callerLocation } from "../errors/location.ts";

/** Values that were sent under names, such as `Headers`, `URLSearchParams` and `Map`. */
export interface SentValues {
  /** The value sent under a name. */
  get(name: string): string | null | undefined;
}

/** Where a request may contain credentials. */
export interface SentCredentials {
  /** The headers; names in lower case. */
  readonly headers: SentValues;
  /** The query parameters. */
  readonly query: SentValues;
  /** The cookies. */
  readonly cookies: SentValues;
}

/**
 * A way to authenticate: what the document says about it, and how to extract credentials from a request. It is a
 * dependency: name it in `deps` to receive the credentials; the document then shows it.
 */
export interface SecurityScheme<Credentials> extends DeclaredSecurityScheme, Dependency<Credentials> {
  /**
   * Extracts the credentials from a request, without checking whether they are correct.
   *
   * @throws {HTTPError} 401 with `WWW-Authenticate` when there are none, unless `autoError` is false.
   */
  readonly extract: (sent: SentCredentials) => Credentials;
}

/** Options that all security schemes have. */
export interface SchemeOptions<AutoError extends boolean = boolean> {
  /** The scheme's name in the document. Default: the name of FastAPI's class, like `"HTTPBearer"`. */
  readonly schemeName?: string | undefined;
  /** Its description in the document, in Markdown. */
  readonly description?: string | undefined;
  /** Whether to refuse a request without credentials; with false you receive undefined instead. Default true. */
  readonly autoError?: AutoError | undefined;
  /** The error for a request without credentials. Default: 401 "Not authenticated" with `WWW-Authenticate`. */
  readonly notAuthenticated?: (() => HTTPError) | undefined;
}

/** The value of a scheme: with `autoError: false`, undefined if there are no credentials. */
export type Extracted<Credentials, AutoError extends boolean> = AutoError extends false
  ? Credentials | undefined
  : Credentials;

/** The parts in which one scheme differs from another. */
interface SchemeParts<Credentials> {
  readonly name: string;
  readonly definition: SecuritySchemeDefinition;
  /** The value of `WWW-Authenticate` when there are no credentials. */
  readonly challenge: string;
  readonly read: (sent: SentCredentials) => Credentials | undefined;
}

/** The names of the options that a scheme of some kind has. */
const optionNames = {
  schemeName: true,
  description: true,
  autoError: true,
  notAuthenticated: true,
  realm: true,
  bearerFormat: true,
  scopes: true,
  refreshUrl: true,
} as const;

/**
 * Makes a scheme from its parts and the user's options.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`.
 */
export function createScheme<Credentials, AutoError extends boolean>(
  { name, definition, challenge, read }: SchemeParts<Credentials>,
  options: SchemeOptions<AutoError>,
): SecurityScheme<Extracted<Credentials, AutoError>> {
  const { schemeName = name, description, autoError, notAuthenticated } = options;
  checkOptionNames(`declare the security scheme ${schemeName}`, options, optionNames, callerLocation);
  const refusal = notAuthenticated ?? (() => notAuthenticatedError(challenge));
  const extract = (sent: SentCredentials): Extracted<Credentials, AutoError> => {
    const credentials = read(sent);
    if (credentials === undefined && autoError !== false) throw refusal();
    return credentials as Extracted<Credentials, AutoError>;
  };
  const scheme: DeclaredSecurityScheme = {
    schemeName,
    definition: description === undefined ? definition : { ...definition, description },
  };
  const declaration = { ...scheme, extract, ...dependencyOn(scheme, extract) };
  registerDependency(declaration);
  return declaration as SecurityScheme<Extracted<Credentials, AutoError>>;
}

/** It only reads headers: in an operation on the loop it stays there. */
function dependencyOn(
  scheme: DeclaredSecurityScheme,
  extract: (sent: SentCredentials) => unknown,
): DependencyDeclaration {
  const location = callerLocation();
  return {
    name: scheme.schemeName,
    fn: ({ request }: BaseContext) => extract(new RequestCredentials(request)),
    lane: "loop",
    isGenerator: false,
    scope: "request",
    cache: true,
    inputs: checkInputs(scheme.schemeName, {}, location),
    deps: [],
    scheme,
    givesScopes: false,
    location,
  };
}

/**
 * The values that a request sends, read only as far as a scheme asks. The last of several values counts, as in FastAPI.
 */
class RequestCredentials implements SentCredentials {
  readonly #request: RequestInfo;

  constructor(request: RequestInfo) {
    this.#request = request;
  }

  get headers(): SentValues {
    return this.#request.headers;
  }

  get query(): SentValues {
    const { url } = this.#request;
    const start = url.indexOf("?");
    return new Map(start === -1 ? [] : new URLSearchParams(url.slice(start)));
  }

  get cookies(): SentValues {
    return new Map(Object.entries(this.#request.cookies));
  }
}

function notAuthenticatedError(challenge: string): HTTPError {
  return new HTTPError(401, "Not authenticated", { "WWW-Authenticate": challenge });
}

/** The content of an Authorization header: a scheme, and what follows it. */
export interface AuthorizationCredentials {
  /** The scheme as it was sent: `Bearer`, `bearer`. */
  readonly scheme: string;
  /** What follows the scheme. */
  readonly credentials: string;
}

/**
 * The Authorization header if it has this scheme, in any case. The credentials are empty where the scheme stands alone,
 * as FastAPI's `get_authorization_scheme_param` returns them.
 */
export function readAuthorization(
  { headers }: SentCredentials,
  expected: string,
): AuthorizationCredentials | undefined {
  const sent = (headers.get("authorization") ?? "").trim();
  const space = sent.indexOf(" ");
  const scheme = space === -1 ? sent : sent.slice(0, space);
  if (scheme.toLowerCase() !== expected) return undefined;
  return { scheme, credentials: space === -1 ? "" : sent.slice(space + 1).trim() };
}

/** The same, where a scheme without credentials does not count. */
export function readCredentials(
  sent: SentCredentials,
  expected: string,
): AuthorizationCredentials | undefined {
  const found = readAuthorization(sent, expected);
  return found?.credentials === "" ? undefined : found;
}
