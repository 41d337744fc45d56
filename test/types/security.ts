import { App, depends } from "offloop";
import {
  type AuthorizationCredentials,
  apiKeyHeader,
  type BasicCredentials,
  httpBasic,
  httpBearer,
  oauth2PasswordBearer,
  security,
  securityScopes,
} from "offloop/security";
import { override } from "offloop/testing";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}

const app = new App();
const basic = httpBasic();
const maybe = httpBearer({ autoError: false });
const key = apiKeyHeader("X-Key", { autoError: false });
const token = oauth2PasswordBearer("token");

app.get("/", { deps: { basic, maybe, key, token } }, async ({ basic, maybe, key, token }) => {
  same<typeof basic, BasicCredentials>();
  same<typeof maybe, AuthorizationCredentials | undefined>();
  same<typeof key, string | undefined>();
  same<typeof token, string>();
});

const user = depends({ deps: { token, demanded: securityScopes } }, async ({ token, demanded }) => {
  same<typeof demanded.scopes, readonly string[]>();
  same<typeof demanded.scopeStr, string>();
  return { name: token };
});
const items = { user: security(user, { scopes: ["items"] }), token: security(token, { scopes: ["items"] }) };
app.get("/items", { deps: items }, ({ user, token }) => {
  same<typeof user, { name: string }>();
  same<typeof token, string>();
});

override(basic, { username: "ada", password: "secret" });
override(key, undefined);
override(key, apiKeyHeader("X-Other"));
override(
  depends(async () => (n: number) => n),
  (n) => n + 1,
);
// @ts-expect-error credentials of another scheme
override(basic, "ada");
// @ts-expect-error scopes are a list
security(user, { scopes: "items" });
