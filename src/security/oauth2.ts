import type { OAuth2Flow, SecuritySchemeDefinition } from "../app/security-scheme.ts";
import {
  createScheme,
  type Extracted,
  readAuthorization,
  type SchemeOptions,
  type SecurityScheme,
} from "./scheme.ts";

/** Options of a scheme with one OAuth2 flow. */
export interface OAuth2Options<AutoError extends boolean = boolean> extends SchemeOptions<AutoError> {
  /** Every scope, with a one-line description. Default none. */
  readonly scopes?: Readonly<Record<string, string>> | undefined;
  /** Where tokens are renewed. Default: nowhere. */
  readonly refreshUrl?: string | undefined;
}

/**
 * OAuth2 with a bearer token, in any flows. FastAPI's `OAuth2`, except that it provides only the token.
 *
 * @param flows - The flows that issue tokens.
 * @param options - The options of every scheme.
 * @returns The scheme, which provides the token.
 * @example
 * ```ts
 * import { oauth2 } from "offloop/security";
 *
 * const machines = oauth2({ clientCredentials: { tokenUrl: "/token", scopes: { read: "Read all" } } });
 * console.log(machines.definition.flows);
 * ```
 */
export function oauth2<AutoError extends boolean = true>(
  flows: NonNullable<SecuritySchemeDefinition["flows"]>,
  options: SchemeOptions<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  return createScheme(
    {
      name: "OAuth2",
      definition: { type: "oauth2", flows },
      challenge: "Bearer",
      read: (sent) => readAuthorization(sent, "bearer")?.credentials,
    },
    options,
  );
}

/**
 * OAuth2's password flow: the API itself issues the token in exchange for a name and a password. FastAPI's
 * `OAuth2PasswordBearer`. Suitable for an API with its own front end; OAuth 2.1 leaves it out.
 *
 * @param tokenUrl - Path of the operation that issues tokens; without a leading slash it is relative to the API.
 * @param options - Scopes, where tokens are renewed, and the options of every scheme.
 * @returns The scheme, which provides the token.
 * @example
 * ```ts
 * import { oauth2PasswordBearer } from "offloop/security";
 *
 * const token = oauth2PasswordBearer("token", { scopes: { me: "Read who I am" } });
 * console.log(token.schemeName);
 * ```
 */
export function oauth2PasswordBearer<AutoError extends boolean = true>(
  tokenUrl: string,
  options: OAuth2Options<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  const flow = { ...flowParts(options), tokenUrl };
  return oauth2({ password: flow }, { ...options, schemeName: options.schemeName ?? "OAuth2PasswordBearer" });
}

/**
 * OAuth2's authorization code flow: the user gives consent at an authorization server. FastAPI's
 * `OAuth2AuthorizationCodeBearer`.
 *
 * @param authorizationUrl - Where the user gives consent.
 * @param tokenUrl - Where the code is exchanged for a token.
 * @param options - Scopes, where tokens are renewed, and the options of every scheme.
 * @returns The scheme, which provides the token.
 * @example
 * ```ts
 * import { oauth2AuthorizationCodeBearer } from "offloop/security";
 *
 * const token = oauth2AuthorizationCodeBearer("https://id.example/authorize", "https://id.example/token", {
 *   scopes: { "items:read": "Read items" },
 * });
 * console.log(token.definition);
 * ```
 */
export function oauth2AuthorizationCodeBearer<AutoError extends boolean = true>(
  authorizationUrl: string,
  tokenUrl: string,
  options: OAuth2Options<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  const flow = { ...flowParts(options), authorizationUrl, tokenUrl };
  const schemeName = options.schemeName ?? "OAuth2AuthorizationCodeBearer";
  return oauth2({ authorizationCode: flow }, { ...options, schemeName });
}

function flowParts({ scopes = {}, refreshUrl }: OAuth2Options): OAuth2Flow {
  return refreshUrl === undefined ? { scopes } : { scopes, refreshUrl };
}

/**
 * OpenID Connect, documented by the URL of its configuration. FastAPI's `OpenIdConnect`: it provides the Authorization
 * header as sent and leaves checking it to you.
 *
 * @param openIdConnectUrl - The URL of the provider's configuration: `.../.well-known/openid-configuration`.
 * @param options - The options of every scheme.
 * @returns The scheme, which provides the Authorization header.
 * @example
 * ```ts
 * import { openIdConnect } from "offloop/security";
 *
 * const login = openIdConnect("https://id.example/.well-known/openid-configuration");
 * console.log(login.definition);
 * ```
 */
export function openIdConnect<AutoError extends boolean = true>(
  openIdConnectUrl: string,
  options: SchemeOptions<AutoError> = {},
): SecurityScheme<Extracted<string, AutoError>> {
  return createScheme(
    {
      name: "OpenIdConnect",
      definition: { type: "openIdConnect", openIdConnectUrl },
      challenge: "Bearer",
      read: ({ headers }) => headers.get("authorization") || undefined,
    },
    options,
  );
}
