import { HTTPError } from "offloop";
import { httpBasic, oauth2PasswordBearer, passwordForm, timingSafeEqual } from "offloop/security";
import { createApp, depends } from "../lane.ts";

export { tutorial004, tutorial005 } from "./security/jwt.ts";

const token = oauth2PasswordBearer("token");

export const tutorial001 = createApp();
tutorial001.get("/items/", { deps: { token } }, async ({ token }) => ({ token }));

const someone = depends({ deps: { token } }, async ({ token }) => ({
  username: `${token}fakedecoded`,
  email: "john@example.com",
  full_name: "John Doe",
  disabled: null,
}));
export const tutorial002 = createApp();
tutorial002.get("/users/me", { deps: { user: someone } }, async ({ user }) => user);

const users = new Map(
  [
    {
      username: "johndoe",
      full_name: "John Doe",
      email: "johndoe@example.com",
      hashed_password: "fakehashedsecret",
      disabled: false,
    },
    {
      username: "alice",
      full_name: "Alice Wonderson",
      email: "alice@example.com",
      hashed_password: "fakehashedsecretalice",
      disabled: true,
    },
  ].map((user) => [user.username, user]),
);
const known = depends({ deps: { token } }, async ({ token }) => {
  const user = users.get(token);
  if (user === undefined) throw new HTTPError(401, "Not authenticated", { "WWW-Authenticate": "Bearer" });
  return user;
});
const active = depends({ deps: { known } }, async ({ known }) => {
  if (known.disabled) throw new HTTPError(400, "Inactive user");
  return known;
});
export const tutorial003 = createApp();
tutorial003.post("/token", { form: passwordForm }, async ({ form }) => {
  const user = users.get(form.username);
  if (user === undefined || user.hashed_password !== `fakehashed${form.password}`)
    throw new HTTPError(400, "Incorrect username or password");
  return { access_token: user.username, token_type: "bearer" };
});
tutorial003.get("/users/me", { deps: { user: active } }, async ({ user }) => user);

const basic = httpBasic();
export const tutorial006 = createApp();
tutorial006.get("/users/me", { deps: { basic } }, async ({ basic }) => basic);

const username = depends({ deps: { basic } }, async ({ basic }) => {
  const isUser = timingSafeEqual(basic.username, "stanleyjobson");
  const isPassword = timingSafeEqual(basic.password, "swordfish");
  if (!isUser || !isPassword)
    throw new HTTPError(401, "Incorrect username or password", { "WWW-Authenticate": "Basic" });
  return basic.username;
});
export const tutorial007 = createApp();
tutorial007.get("/users/me", { deps: { username } }, async ({ username }) => ({ username }));
