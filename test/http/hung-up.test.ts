import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { App } from "offloop";
import { testClient } from "offloop/testing";
import app from "../fixtures/log-app.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

eachLane("nobody has hung up who has a whole response, in process too", async (lane) => {
  for (const socket of [true, false]) {
    const log = memoryLog();
    await using client = await testClient(app, { logger: log.logger, socket });
    await (await client.get(`/${lane}/log/1`)).text();
    assert.equal(await log.find(/^GET/), `GET /${lane}/log/1 200`);
  }
});

test("the signal of a request that was answered does not abort", async () => {
  const signals: AbortSignal[] = [];
  const own = new App();
  own.get("/", async ({ signal }) => signals.push(signal));
  for (const socket of [true, false]) {
    await using client = await testClient(own, { socket });
    await (await client.get("/")).text();
    for (let turns = 0; turns < 5; turns++) await turn();
  }
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, false],
  );
});
