import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { App } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";

let hits = 0;

test("testClient() throws what the guard refuses, each time", async () => {
  const app = new App();
  app.get("/count", () => ++hits);
  for (let round = 0; round < 2; round++)
    await assert.rejects(testClient(app), {
      code: "OFFLOOP_GUARD_STATE",
      message: /^Cannot run GET \/count on a thread: it increments or decrements "hits"/,
    });
});

test("testClient() logs what the guard warns of, once for each app", async () => {
  const app = new App();
  app.get("/read", async () => readFileSync(import.meta.filename, "utf8").length);
  const log = memoryLog();
  await using client = await testClient(app, { logger: log.logger });
  assert.match(
    await log.find(/GUARD/),
    /^OFFLOOP_GUARD_BLOCKING: GET \/read blocks the event loop: it calls readFileSync\n {2}at .*guard\.test\.ts:/,
  );
  assert.equal((await client.get("/read")).status, 200);
  log.clear();
  await using again = await testClient(app, { logger: log.logger });
  assert.equal((await again.get("/read")).status, 200);
  assert.match(await log.find(/./), /^GET \/read 200/);
});
