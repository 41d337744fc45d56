import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, file } from "offloop";
import { testClient } from "offloop/testing";
import app, { held } from "../fixtures/background-app.ts";
import { journal } from "../fixtures/journal.ts";
import { eachLane } from "../fixtures/running.ts";

for (const socket of [false, true])
  eachLane(
    `settled(): background tasks of both lanes have run, in order [${socket ? "socket" : "in process"}]`,
    async (lane) => {
      await using client = await testClient(app, { socket });
      journal.clear();
      await (await client.get(`/${lane}/mixed`)).text();
      await client.settled();
      assert.deepEqual(
        journal.lines().map(({ what }) => what),
        [1, 2, 3, 4],
      );
    },
  );

eachLane("settled(): everyone who waits is let go, also while the client closes", async (lane) => {
  const client = await testClient(app);
  journal.clear();
  held.reset();
  await client.get(`/${lane}/waits/5`);
  const order: string[] = [];
  const waiting = [
    client.settled().then(() => order.push("first")),
    client.settled().then(() => order.push("second")),
  ];
  await held.arrived(1);
  order.push("held");
  const closing = client.close();
  held.open();
  await Promise.all([...waiting, closing]);
  assert.deepEqual(order, ["held", "first", "second"]);
  assert.deepEqual(
    journal.lines().map(({ what }) => what),
    [5],
  );
});

test("settled(): dependencies are closed, and a stream that is read has ended", async () => {
  const closed: string[] = [];
  const held = depends(async function* () {
    yield "held";
    await new Promise(setImmediate);
    closed.push("held");
  });
  const streams = new App();
  streams.get("/", { deps: { held } }, async function* ({ held }) {
    yield held;
  });
  await using client = await testClient(streams);
  await client.settled(); // nothing was sent
  await (await client.get("/")).text();
  await client.settled();
  assert.deepEqual(closed, ["held"]);
});

test("settled(): the tasks of an answer to a file that could not be sent have run, also while that is being sent", async () => {
  const ran: string[] = [];
  const files = new App();
  const note = files.task("note", async () => ran.push("note"));
  files.onError(Error, async (_error, { background }) => {
    background.add(note);
    return "x".repeat(8_000_000);
  });
  files.get("/", async () => file("no such file"));
  await using client = await testClient(files, { socket: true });
  const { status } = await client.get("/");
  await client.settled();
  assert.deepEqual([status, ran], [500, ["note"]]);
});
