import { createScheme, type Extracted, type SchemeOptions, type SecurityScheme } from "./scheme.ts";

/**
 * OpenID Connect, documented by the URL of its configuration. FastAPI's `OpenIdConnect`: it gives the Authorization
 * header as sent and leaves checking it to the caller.
 *
 * @param openIdConnectUrl - Where the provider's configuration is: `.../.well-known/openid-configuration`.
 * @param options - The options of every scheme.
 * @returns The scheme; it gives the Authorization header.
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
