import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import { guard } from "../../src/guard/guard.ts";
import { memoryLog } from "../fixtures/memory-log.ts";

const session = { secret: "0123456789abcdef0123456789abcdef" };

/** The subjects that are said to read a session. */
function readers(app: App): string[] {
  const found = guard(app).filter(({ code }) => code === "OFFLOOP_SESSION_UNSET");
  for (const { severity } of found) assert.equal(severity, "warned");
  return found.map(({ subject }) => subject);
}

test("guard() warns of handlers, dependencies and sockets that read a session where the app keeps none", () => {
  const app = new App();
  const cart = depends(async function readCart({ session }) {
    return session.cart;
  });
  app.get("/visits", async ({ session }) => session.visits);
  app.get("/plain", (context) => context.session.user);
  app.get("/cart", { deps: { cart } }, async ({ cart }) => cart);
  app.websocket("/room", { open: async ({ session }) => void session.user, message: async () => {} });
  app.websocket("/chat", { message: ({ session, message }) => [session.user, message] });
  app.websocket("/left", { message: async () => {}, close: async ({ session }) => void session.user });
  assert.deepEqual(readers(app), [
    "GET /visits",
    "GET /plain",
    "WEBSOCKET /room",
    "WEBSOCKET /chat message",
    "WEBSOCKET /left",
    'dependency "readCart"',
  ]);
  assert.equal(guard(app)[0]?.problem, "GET /visits reads its session, and the app has no session settings");
});

test("guard() says nothing of sessions that the app keeps, that are declared, or that are a dependency", () => {
  const keeping = new App({ session });
  keeping.get("/visits", async ({ session }) => session.visits);
  assert.deepEqual(readers(keeping), []);
  const app = new App();
  const own = depends(async () => ({ user: "ada" }));
  app.get("/own", { deps: { session: own } }, async ({ session }) => session.user);
  app.get("/other", async ({ request }) => new Map([["session", request.id]]).get("session"));
  app.get("/declared", { session: { user: z.string() } }, async ({ session }) => session.user);
  assert.deepEqual(readers(app), []);
});

test("testClient() logs a warning of a session that nothing signs, unless its own settings do", async () => {
  const reading = (): App => {
    const app = new App();
    app.get("/", async ({ session }) => session);
    return app;
  };
  const lines = memoryLog();
  await using _unset = await testClient(reading(), { logger: lines.logger });
  await lines.find(/OFFLOOP_SESSION_UNSET: GET \/ reads its session/);
  const quiet = memoryLog();
  await using client = await testClient(reading(), { logger: quiet.logger, session });
  assert.equal((await client.get("/")).status, 200);
  // The first line of the two: a warning would come before the request's.
  assert.match(await quiet.find(/OFFLOOP_SESSION_UNSET|^GET \/ 200/), /^GET/);
});
