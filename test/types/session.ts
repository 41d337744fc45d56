import { App, clearSession, depends, openTasks, type Session, serve } from "offloop";
import { z } from "zod";

const app = new App();
app.get("/", async ({ session }) => {
  session satisfies Session;
  session.user = "ada";
  // @ts-expect-error what is not declared is unknown
  session.user.length;
  clearSession(session);
});
app.get("/me", { session: { user: z.string(), count: z.int().optional() } }, ({ session }) => {
  session.user satisfies string;
  session.count = 1;
  delete session.count;
  // @ts-expect-error it is declared as a number
  session.count = "1";
  // @ts-expect-error it is not declared
  session.other;
  return session;
});
app.get("/whole", { session: z.object({ user: z.string() }) }, async ({ session }) => session.user.length);
const user = depends({ session: { user: z.string() } }, async ({ session }) => session.user);
app.get("/user", { deps: { user } }, async ({ user }) => user.length);
// One that is called so takes the place of the visitor's.
const db = depends(async () => ({ query: (sql: string): number => sql.length }));
app.get("/db", { deps: { session: db } }, async ({ session }) => session.query("select 1"));
const named = new App({ deps: { session: db } });
named.get("/", async ({ session }) => session.query("select 1"));
void serve(named);
void openTasks(named);
