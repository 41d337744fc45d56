import { errors, jwtVerify, SignJWT } from "jose";
import { HTTPError } from "offloop";
import { oauth2PasswordBearer, passwordForm, security, securityScopes } from "offloop/security";
import { z } from "zod";
import { createApp, depends } from "../../lane.ts";
import { checkPassword, User, users } from "./users.ts";

/** The recording's key, so that the tokens in it are valid. */
const key = Buffer.from("09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7");
const Token = z.object({ access_token: z.string(), token_type: z.string() }).meta({ id: "Token" });

async function createToken(username: string, claims: Record<string, string> = {}) {
  const access_token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(username)
    .setExpirationTime("30 minutes")
    .sign(key);
  return { access_token, token_type: "bearer" };
}

/** The user that a token is for, and its scopes; undefined when it is valid for nobody. */
async function readToken(token: string) {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"] });
    const user = users.get(payload.sub ?? "");
    return user && { user, scopes: String(payload.scope ?? "").split(" ") };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function unauthorized(detail: string, challenge = "Bearer") {
  return new HTTPError(401, detail, { "WWW-Authenticate": challenge });
}

const token = oauth2PasswordBearer("token");
const current = depends({ deps: { token } }, async ({ token }) => {
  const claims = await readToken(token);
  if (claims === undefined) throw unauthorized("Could not validate credentials");
  return claims.user;
});
const active = depends({ deps: { current } }, async ({ current }) => {
  if (current.disabled) throw new HTTPError(400, "Inactive user");
  return current;
});

export const tutorial004 = createApp();
const check = tutorial004.task("check-password", checkPassword);
tutorial004.post("/token", { form: passwordForm, response: Token }, async ({ form }) => {
  if (!(await check(form.username, form.password))) throw unauthorized("Incorrect username or password");
  return createToken(form.username);
});
tutorial004.get("/users/me/", { deps: { user: active }, response: User }, async ({ user }) => user);
tutorial004.get("/users/me/items/", { deps: { user: active } }, async ({ user }) => [
  { item_id: "Foo", owner: user.username },
]);

const scopes = { me: "Read information about the current user.", items: "Read items." };
const scopedToken = oauth2PasswordBearer("token", { scopes });
const allowed = depends(
  { deps: { token: scopedToken, demanded: securityScopes } },
  async ({ token, demanded }) => {
    const challenge = demanded.scopeStr === "" ? "Bearer" : `Bearer scope="${demanded.scopeStr}"`;
    const claims = await readToken(token);
    if (claims === undefined) throw unauthorized("Could not validate credentials", challenge);
    if (!demanded.scopes.every((scope) => claims.scopes.includes(scope)))
      throw unauthorized("Not enough permissions", challenge);
    return claims.user;
  },
);
const activeAllowed = depends(
  { deps: { allowed: security(allowed, { scopes: ["me"] }) } },
  async ({ allowed }) => {
    if (allowed.disabled) throw new HTTPError(400, "Inactive user");
    return allowed;
  },
);

export const tutorial005 = createApp();
const checkToo = tutorial005.task("check-password", checkPassword);
tutorial005.post("/token", { form: passwordForm, response: Token }, async ({ form }) => {
  if (!(await checkToo(form.username, form.password)))
    throw new HTTPError(400, "Incorrect username or password");
  return createToken(form.username, { scope: form.scopes.join(" ") });
});
tutorial005.get("/users/me/", { deps: { user: activeAllowed }, response: User }, async ({ user }) => user);
const owner = security(activeAllowed, { scopes: ["items"] });
tutorial005.get("/users/me/items/", { deps: { owner } }, async ({ owner }) => [
  { item_id: "Foo", owner: owner.username },
]);
tutorial005.get("/status/", { deps: { user: allowed } }, async () => ({ status: "ok" }));
