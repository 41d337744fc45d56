import { App, HTTPError } from "offloop";
import { passwordForm, security } from "offloop/security";
import { z } from "zod";
import { checkPassword, hashPassword } from "./passwords.ts";
import { signToken } from "./tokens.ts";
import { currentUser, users } from "./users.ts";

const app = new App({ title: "Security" });

// Named plain functions: async operations await them, and they run on threads. The loop never computes a hash.
const hash = app.task("hash password", hashPassword);
const check = app.task("check password", checkPassword);

const Profile = z.object({ username: z.string() }).meta({ id: "Profile" });
const Token = z.object({ access_token: z.string(), token_type: z.literal("bearer") }).meta({ id: "Token" });

app.post(
  "/users",
  {
    body: z.object({ username: z.string().min(1).max(40), password: z.string().min(8).max(200) }),
    response: Profile,
    status: 201,
  },
  async ({ body: { username, password } }) => {
    const passwordHash = await hash(password);
    if (users.has(username)) throw new HTTPError(409, "This name is taken");
    const user = { username, passwordHash, scopes: ["me", "items"] };
    users.set(username, user);
    return user; // `response` leaves the hash out
  },
);

app.post("/token", { form: passwordForm, response: Token }, async ({ form }) => {
  const user = users.get(form.username);
  // An unknown name takes as long as a wrong password, so that nobody learns which names exist.
  const right = await check(form.password, user?.passwordHash);
  if (user === undefined || !right)
    throw new HTTPError(401, "Incorrect username or password", { "WWW-Authenticate": "Bearer" });
  const scopes = form.scopes.filter((scope) => user.scopes.includes(scope));
  return {
    access_token: await signToken({ username: user.username, scopes }),
    token_type: "bearer" as const,
  };
});

app.get("/users/me", { deps: { user: currentUser }, response: Profile }, async ({ user }) => user);

// This one demands `items`, and `currentUser` demands `me`: a token needs both.
const itemsOwner = security(currentUser, { scopes: ["items"] });
app.get("/users/me/items", { deps: { user: itemsOwner } }, async ({ user }) => [
  { item_id: "plumbus", owner: user.username },
]);

export default app;
