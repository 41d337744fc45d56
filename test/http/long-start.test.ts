import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { App, serve } from "offloop";
import { fixture, offloopWith } from "../fixtures/cli.ts";
import { freePort } from "../fixtures/free-port.ts";
import { memoryLog } from "../fixtures/memory-log.ts";

/** An app whose lifespan comes to its yield when it is let. */
function heldApp(): { app: App; begun: Promise<void>; go: () => void } {
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const app = new App({ metrics: true });
  app.lifespan(async function* () {
    begun.resolve();
    await held.promise;
    yield;
  });
  app.get("/", async () => 1);
  return { app, begun: begun.promise, go: held.resolve };
}

async function answer(url: string): Promise<[number, unknown]> {
  const response = await fetch(url);
  return [response.status, await response.json()];
}

test("health.port answers while a lifespan opens: alive, starting, without metrics yet", async (t) => {
  const { app, begun, go } = heldApp();
  const health = `http://127.0.0.1:${await freePort()}`;
  const options = {
    port: 0,
    signals: false,
    logLevel: "silent",
    health: { port: Number(new URL(health).port) },
  };
  const serving = serve(app, options as Parameters<typeof serve>[1]);
  t.after(async () => (await serving).close());
  await begun;
  assert.deepEqual(await answer(`${health}/readyz`), [503, { status: "starting" }]);
  assert.deepEqual(await answer(`${health}/livez`), [200, { status: "starting" }]);
  assert.deepEqual(await answer(`${health}/metrics`), [503, { detail: "starting" }]);
  go();
  assert.equal((await serving).healthUrl, health);
  assert.deepEqual(await answer(`${health}/readyz`), [200, { status: "ready" }]);
  assert.equal((await fetch(`${health}/metrics`)).status, 200);
});

test("offloop work answers on health.port while a lifespan opens", async (t) => {
  const environment = { DATABASE_URL: "postgresql://postgres@127.0.0.1:1/postgres", HEALTH_PORT: "0" };
  const working = offloopWith(environment, "work", fixture("held-start.ts"));
  t.after(() => working.insist("SIGKILL"));
  const url = /http:\/\/[\d.:]+/.exec(await working.line(/health at/))?.[0] ?? "";
  assert.deepEqual(await answer(`${url}/readyz`), [503, { status: "starting" }]);
});

test("a start that waits for a lifespan says for which one", async (t: TestContext) => {
  const { app, begun, go } = heldApp();
  const log = memoryLog();
  t.mock.timers.enable({ apis: ["setInterval"] });
  const serving = serve(app, { port: 0, signals: false, logger: log.logger });
  t.after(async () => (await serving).close());
  await begun;
  t.mock.timers.tick(30_000);
  const said = await log.find(/still starting/);
  assert.match(said, /this lifespan has not come to its yield\n {2}at test\/http\/long-start\.test\.ts:12:/);
  log.clear();
  go();
  await serving;
  t.mock.timers.tick(30_000);
  log.logger.info("the end");
  assert.equal(await log.find(/./), "the end");
});
