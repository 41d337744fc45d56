import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, Router } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";

/** As those of database drivers: it cannot cross. */
class BoundPool {
  readonly size = 1;
}

test("a dependency whose function has no name is called by its key in deps, where its value cannot cross", async () => {
  const app = new App();
  const pool = depends({ scope: "app" }, async function* () {
    yield new BoundPool();
  });
  const size = depends({ deps: { pool } }, ({ pool }) => pool.size);
  app.get("/size", { deps: { size } }, ({ size }) => size);
  await assert.rejects(testClient(app), {
    code: "OFFLOOP_NOT_CLONEABLE",
    message:
      /^Cannot give the value of "pool" to threads: pool \(an instance of BoundPool\) cannot cross between threads\n/,
  });
});

test("a dependency is called by its function, or by the first key in deps, where it breaks", async () => {
  const app = new App();
  const router = new Router();
  const nameless = depends(async function* (): AsyncGenerator<number> {});
  const named = depends(async function* open(): AsyncGenerator<number> {});
  router.get("/nameless", { deps: { session: nameless } }, async () => 1);
  router.get("/again", { deps: { other: nameless } }, async () => 1);
  router.get("/named", { deps: { session: named } }, async () => 1);
  app.include(router);
  const log = memoryLog();
  await using client = await testClient(app, { logger: log.logger });
  for (const [path, name] of [
    ["/nameless", "session"],
    ["/again", "session"],
    ["/named", "open"],
  ] as const) {
    assert.equal((await client.get(path)).status, 500);
    await log.find(new RegExp(`Cannot use the dependency ${name}: it ended without a yield`));
  }
});
