import assert from "node:assert/strict";
import { test } from "node:test";
import { depends } from "offloop";
import { override, testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import app, { db } from "../fixtures/overridden-app.ts";

test("override(): a handle stands in on the loop; what needs it on a thread is refused by operation and name", async () => {
  const log = memoryLog();
  const overrides = [override(db, { count: () => 2 })];
  await using client = await testClient(app, { overrides, logger: log.logger, socket: true });
  assert.equal(await (await client.get("/loop/count")).json(), 2);
  assert.equal(await (await client.get("/plain")).json(), "plain");
  assert.equal((await client.get("/thread/count")).status, 500);
  assert.match(
    await log.find(/cannot cross/),
    /the override of "database" in GET \/thread\/count, which runs on a thread: .*\.count \(a function\).*\n {2}at .*override\.test\.ts:10:\d+\n {2}fix override it by plain data/,
  );
});

test("override(): a function stands in on the loop; what needs it on a thread is refused by operation and name", async () => {
  const log = memoryLog();
  const fake = depends(async function* () {
    yield { count: (): number => 3 };
  });
  await using client = await testClient(app, {
    overrides: [override(db, fake)],
    logger: log.logger,
    socket: true,
  });
  assert.equal(await (await client.get("/loop/count")).json(), 3);
  assert.equal(await (await client.get("/plain")).json(), "plain");
  assert.equal((await client.get("/thread/count")).status, 500);
  assert.match(
    await log.find(/it is a function/),
    /the override of "database" in GET \/thread\/count, which runs on a thread.*\n {2}at .*override\.test\.ts:27:\d+\n {2}fix override it by a value, or call app\.override\(\) in a module of its own/,
  );
});

test("testClient(): what override() has not made is refused", async () => {
  for (const overrides of [5, [5], [[db, 3]], [undefined], new Map([[db, 3]])] as never[])
    await assert.rejects(testClient(app, { overrides }), {
      code: "OFFLOOP_OPTION_INVALID",
      message:
        /^Cannot open a test client: expected a list of overrides, got .*\n {2}at .*override\.test\.ts:/,
    });
});
