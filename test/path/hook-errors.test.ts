import assert from "node:assert/strict";
import { testClient } from "offloop/testing";
import app from "../fixtures/hook-errors-app.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

eachLane("an error of a hook says what Fastify would say below 500, and nothing above", async (lane) => {
  const log = memoryLog();
  await using client = await testClient(app, { logger: log.logger });
  const ask = async (thrown: string) => {
    const answer = await client.get(`/none/${lane}/value`, { headers: { "x-throw": thrown } });
    return [answer.status, await answer.json(), answer.headers.get("x-plan"), answer.headers.get("x-secret")];
  };
  const detail = "You have reached the limit of your plan";
  assert.deepEqual(await ask("limited"), [402, { detail }, "free", null]);
  assert.deepEqual(await ask("silent"), [423, { detail: "Locked" }, null, null]);
  assert.deepEqual(await ask("own"), [409, { detail: { reason: "sold" } }, null, null]);
  assert.deepEqual(await ask("broken"), [502, { detail: "Bad Gateway" }, null, null]);
  await log.find(new RegExp(`^GET /none/${lane}/value failed: the password is tea$`));
});

for (const handling of ["async", "plain"])
  eachLane(`an ${handling} error handler gets what a hook threw as the cause`, async (lane) => {
    await using client = await testClient(app);
    const ask = async (thrown: string) =>
      (await client.get(`/${handling}/${lane}/value`, { headers: { "x-throw": thrown } })).json();
    assert.deepEqual(await ask("limited"), {
      status: 402,
      detail: "You have reached the limit of your plan",
      cause: { name: "Error", code: "PLAN_LIMIT" },
    });
    assert.deepEqual(await ask("broken"), {
      status: 502,
      detail: "Bad Gateway",
      cause: { name: "Error" },
    });
    assert.deepEqual(await ask("own"), { status: 409, detail: { reason: "sold" }, cause: {} });
  });
