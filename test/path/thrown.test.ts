import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";
import app, { oddities } from "../fixtures/thrown-app.ts";

const log = memoryLog();
let client: TestClient;
before(async () => {
  client = await testClient(app, { socket: true, logger: log.logger });
});
after(() => client.close());

for (const what of Object.keys(oddities)) {
  eachLane(`thrown: ${what} is a 500, also where dependencies are open`, async (lane) => {
    for (const path of ["throws", "tasks"])
      assert.equal((await client.get(`/${lane}/${path}/${encodeURIComponent(what)}`)).status, 500, path);
  });

  eachLane(`thrown: ${what} breaks off a stream`, async (lane) => {
    const answer = await fetch(`${client.url}/${lane}/streams/${encodeURIComponent(what)}`);
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text());
  });
}

eachLane("onError: with a handler for every error, one of a task keeps its class", async (lane) => {
  assert.equal(await (await client.get(`/${lane}/class`)).json(), true);
});

eachLane("onError: a handler for every error leaves a WebSocketError alone", async (lane) => {
  await using socket = await client.websocket(`/${lane}/closes`);
  socket.send("now");
  assert.deepEqual(await socket.closed, { code: 3002, reason: "by a task" });
});
