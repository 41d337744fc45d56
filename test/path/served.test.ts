import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, Router } from "offloop";
import { testClient } from "offloop/testing";
import { offloop } from "../fixtures/cli.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import servedApp from "../fixtures/served-app.ts";

const nothing = async (): Promise<void> => {};

test("what is added to an app that is served is refused, until it is served no more", async () => {
  const app = new App();
  const mounted = new App();
  const items = new Router();
  const needed = depends(nothing);
  app.include(items);
  app.mount("/mounted", mounted);
  app.get("/", nothing);
  const additions: Record<string, () => unknown> = {
    "add GET /late": () => app.get("/late", nothing),
    "add POST /late": () => items.route(["POST"], "/late", nothing),
    "add PUT /late": () => mounted.put("/late", nothing),
    "add WEBSOCKET /late": () => app.websocket("/late", nothing),
    'declare task "late"': () => items.task("late", nothing),
    "include a router": () => app.include(new Router()),
    "mount an app": () => app.mount("/late", new App()),
    "add an around": () => app.around(async (_context, next) => next()),
    "add the error handler of Error": () => items.onError(Error, nothing),
    "add a lifespan": () => app.lifespan(async function* () {}),
    "register a plugin": () => app.register(nothing),
    "add a front end": () => app.frontend("/late", "."),
    "override a dependency": () => app.override(needed, undefined),
  };
  {
    await using _ = await testClient(app);
    for (const [doing, add] of Object.entries(additions))
      assert.throws(add, (error) => {
        assert.match(
          String(error),
          new RegExp(`^OFFLOOP_APP_SERVED: Cannot ${doing}: the app is being served`),
        );
        assert.match(
          String(error),
          /at test\/path\/served\.test\.ts:\d+:\d+\n {2}fix .*"await" at its top level/,
        );
        return true;
      });
  }
  for (const add of Object.values(additions)) add();
});

for (const lane of ["loop", "thread"])
  test(`what is added to an app that is served is refused where it would be added [${lane}]`, async () => {
    const log = memoryLog();
    await using client = await testClient(servedApp, { logger: log.logger });
    assert.equal((await client.get(`/${lane}`)).status, 500);
    assert.match(await log.find(/failed/), /Cannot add GET \/late: the app is being served already/);
  });

for (const command of ["routes", "openapi"])
  test(`offloop ${command} says that an app has no operations`, async () => {
    const { output } = await offloop(command, "test/fixtures/apps/declares-late.ts").ended();
    assert.match(
      output,
      /OFFLOOP_APP_EMPTY: .*\n {2}at test\/fixtures\/apps\/declares-late\.ts:4:\d+\n {2}fix .*"await"/,
    );
  });

test("offloop run warns of an app that has no operations", async () => {
  const served = offloop("run", "test/fixtures/apps/declares-late.ts", "--port", "0");
  const line = await served.line(/OFFLOOP_APP_EMPTY/);
  assert.equal(JSON.parse(line).level, 40);
  await served.insist("SIGTERM");
});
