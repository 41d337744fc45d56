import assert from "node:assert/strict";
import { test } from "node:test";
import { override, testClient } from "offloop/testing";
import app, { env, kept } from "../fixtures/overlapping-app.ts";

const get = async (client: Awaited<ReturnType<typeof testClient>>, path: string): Promise<unknown> =>
  (await client.get(path)).json();

test("testClient(): tasks and jobs of an app outlive another client of the same app", async () => {
  await using first = await testClient(app);
  const second = await testClient(app);
  assert.deepEqual([await get(second, "/double"), await get(second, "/kept")], [42, "kept"]);
  assert.equal(second.jobs.enqueued(kept).length, 1);
  await second.close();
  assert.deepEqual([await get(first, "/double"), await get(first, "/kept")], [42, "kept"]);
  assert.equal(await get(first, "/jobs"), 1);
  assert.equal(first.jobs.enqueued(kept).length, 1);
});

test("testClient(): an override of settings given to two clients ends with the one that closes, and not before", async () => {
  const overrides = [override(env, { OVERLAPPING_PRICE: 7 })];
  const first = await testClient(app, { overrides });
  const second = await testClient(app, { overrides });
  await first.close();
  assert.equal(await get(second, "/price"), 7);
  await second.close();
  assert.equal(env.OVERLAPPING_PRICE, 1);
});
