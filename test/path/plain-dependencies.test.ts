import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import { events } from "../fixtures/event-log.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import app from "../fixtures/plain-dependencies-app.ts";
import { eachLane } from "../fixtures/running.ts";

const log = memoryLog();
let client: TestClient;
before(async () => {
  client = await testClient(app, { logger: log.logger, socket: true });
});
after(() => client.close());
beforeEach(() => {
  events.clear();
  log.clear();
});

eachLane(
  "plain dependencies: a user made from a handle; the handle is closed after the response",
  async (lane) => {
    const response = await client.get(`/${lane}/user?name=ada`);
    assert.deepEqual(await response.json(), { name: "ada", onThread: true });
    assert.deepEqual(await events.until("close db"), ["open db", "handler", "close db"]);
  },
);

eachLane(
  "plain dependencies: an open one sees the error of the next, which is answered as its own",
  async (lane) => {
    const response = await client.get(`/${lane}/user?name=nobody`);
    assert.deepEqual([response.status, await response.json()], [404, { detail: "no such user" }]);
    assert.deepEqual(await events.until("close db"), ["open db", "db sees no such user", "close db"]);
  },
);

eachLane("plain dependencies: an open one sees the handler's error", async (lane) => {
  const response = await client.get(`/${lane}/failing?name=ada`);
  assert.equal(response.status, 500);
  assert.deepEqual(await events.until("close db"), ["open db", "db sees broken", "close db"]);
  assert.match(await log.find(/broken/), /GET .*failing failed: broken/);
});

eachLane(
  "plain dependencies: a mistake in the inputs of one is a 422, and what is open is closed",
  async (lane) => {
    const response = await client.get(`/${lane}/user`);
    assert.equal(response.status, 422);
    assert.deepEqual(await events.until("close db"), [
      "open db",
      ...(events.read().filter((word) => word.startsWith("db sees")) as string[]),
      "close db",
    ]);
  },
);

eachLane(
  "plain dependencies: an async one in between, and the handle of the first for the last",
  async (lane) => {
    const response = await client.get(`/${lane}/session?name=alan`);
    assert.deepEqual(await response.json(), { open: true, token: "secret", early: true });
    assert.deepEqual(await events.until("close db"), [
      "open db",
      `token on ${lane === "loop" ? "the loop" : "a thread"}`,
      "open early",
      "handler",
      "close early",
      "task",
      "close db",
    ]);
  },
);

eachLane(
  "plain dependencies: an async guard keeps those after it from being called, not those before",
  async (lane) => {
    assert.equal((await client.get(`/${lane}/guarded`)).status, 401);
    assert.deepEqual(events.read(), ["cheap"]);
  },
);

eachLane("plain dependencies: each is made once", async (lane) => {
  assert.equal(await (await client.get(`/${lane}/once`)).json(), true);
  assert.deepEqual(events.read(), ["counted"]);
});

eachLane("plain dependencies: a handle that the handler leaves alone need not cross", async (lane) => {
  const response = await client.get(`/${lane}/unused?name=ada`);
  assert.deepEqual([response.status, await response.json()], [200, "ada"]);
  await events.until("close db");
});

eachLane("plain dependencies: a handle that the handler uses is named, with the ways out", async (lane) => {
  const response = await client.get(`/${lane}/used`);
  assert.equal(response.status, lane === "thread" ? 200 : 500);
  if (lane === "loop")
    assert.match(
      await log.find(/cannot cross/),
      /Cannot give db to GET \/loop\/used, which runs on the event loop: db \(an instance of DatabaseSync\).*\n.*\n {2}fix remove "async" from the operation, .*runs: "thread"/,
    );
  await events.until("close db");
});

eachLane(
  "plain dependencies: one of the scope thread is made once there, of what the app has",
  async (lane) => {
    for (let request = 0; request < 3; request++)
      assert.equal(await (await client.get(`/${lane}/pooled`)).json(), 2);
    const opened = events.read().filter((word) => word === "open users once");
    assert.ok(opened.length <= 2, `${opened.length} on two threads`);
  },
);
