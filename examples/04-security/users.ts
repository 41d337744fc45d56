import { depends, HTTPError } from "offloop";
import { oauth2PasswordBearer, security, securityScopes } from "offloop/security";
import { readToken } from "./tokens.ts";

export interface User {
  readonly username: string;
  readonly passwordHash: string;
  /** The most this user may ever do; a token may allow less. */
  readonly scopes: readonly string[];
}

/** Only on the loop, where every async function sees the same map. A real app asks its database. */
export const users = new Map<string, User>();

/** The document shows it, and /docs has an Authorize button. */
const token = oauth2PasswordBearer("token", {
  scopes: { me: "Read who I am", items: "Read my items" },
});

/** The bearer of the token, if the token allows everything demanded on the way here. */
const user = depends({ deps: { token, demanded: securityScopes } }, async ({ token, demanded }) => {
  const challenge = demanded.scopeStr === "" ? "Bearer" : `Bearer scope="${demanded.scopeStr}"`;
  const refusal = (detail: string) => new HTTPError(401, detail, { "WWW-Authenticate": challenge });
  const claims = await readToken(token);
  if (claims === undefined) throw refusal("Could not validate credentials");
  const user = users.get(claims.username);
  if (user === undefined) throw refusal("Could not validate credentials");
  if (!demanded.scopes.every((scope) => claims.scopes.includes(scope)))
    throw refusal("Not enough permissions");
  return user;
});

/** The same, but the token must also allow `me`. */
export const currentUser = depends(
  { deps: { user: security(user, { scopes: ["me"] }) } },
  async ({ user }) => user,
);
