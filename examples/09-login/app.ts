import { scryptSync, timingSafeEqual } from "node:crypto";
import { App, clearSession, depends, HTTPError, settings } from "offloop";
import { z } from "zod";

/** From the environment, or from `.env`. In production: a secret and a password of your own. */
const env = settings(
  {
    SESSION_SECRET: z.string().min(32).default("for this example, and only for it"),
    LOGIN_PASSWORD: z.string().default("correct horse"),
    WEB_FOLDER: z.string().optional(),
  },
  { file: ".env" },
);

const app = new App({ title: "Login", session: { secret: env.SESSION_SECRET } });

const hash = (password: string) => scryptSync(password, "a salt of this app", 64);

/** Plain: a password is hashed on a thread. The session is changed there, too, and still written back. */
app.post(
  "/api/login",
  {
    body: { name: z.string().min(1).max(50), password: z.string() },
    session: { user: z.string().optional(), failed: z.int().default(0) },
  },
  ({ body, session }) => {
    if (!timingSafeEqual(hash(body.password), hash(env.LOGIN_PASSWORD))) {
      session.failed += 1; // kept, although the answer is an error
      throw new HTTPError(401, `Wrong password: attempt ${session.failed}`);
    }
    clearSession(session);
    session.user = body.name;
    return { user: body.name };
  },
);

app.post("/api/logout", { status: 204 }, async ({ session }) => clearSession(session));

/** The logged-in user; 401 for anybody else. */
const user = depends({ session: { user: z.string() } }, async ({ session }) => session.user);

app.get("/api/me", { deps: { user } }, async ({ user }) => ({ user }));

/** The page, as built by `npx vite build examples/09-login/web`. It has paths of its own, such as /account. */
app.frontend("/", env.WEB_FOLDER ?? new URL("web/dist", import.meta.url));

export default app;
