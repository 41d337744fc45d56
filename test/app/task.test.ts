import assert from "node:assert/strict";
import { test } from "node:test";
import { App, Router } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";

test("task(): a task whose router no app includes is reported when the app loads, and when it is called", async () => {
  const router = new Router();
  const stray = router.task("stray", () => 1);
  const inner = new Router();
  const included = inner.task("included", async () => 2);
  const outer = new Router();
  outer.include(inner);
  const app = new App();
  app.include(outer);
  const log = memoryLog();
  await using _ = await testClient(app, { logger: log.logger });
  assert.match(
    await log.find(/OFFLOOP_TASK_UNKNOWN/),
    /Cannot run task "stray" on a thread: no app includes .*\n {2}at test\/app\/task\.test\.ts:9:24\n {2}fix include the router/,
  );
  await assert.rejects(stray(), { code: "OFFLOOP_TASK_UNKNOWN" });
  assert.equal(await included(), 2);
});
