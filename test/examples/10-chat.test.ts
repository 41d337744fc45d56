import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "offloop/testing";
import app from "../../examples/10-chat/app.ts";

interface Line {
  readonly from: string;
  readonly text: string;
}

test("10-chat carries what is said to all in a room, and to nobody else", async () => {
  await using client = await testClient(app);
  await using ada = await client.websocket("/rooms/tea", { query: { name: "Ada" } });
  assert.deepEqual(await ada.receiveJson(), { from: "the room", text: "Welcome to tea, Ada" });
  await using bob = await client.websocket("/rooms/tea", { query: { name: "Bob" } });
  assert.deepEqual(await bob.receiveJson(), { from: "the room", text: "Welcome to tea, Bob" });
  assert.deepEqual(await ada.receiveJson(), { from: "Bob", text: "came in" });
  await using other = await client.websocket("/rooms/coffee", { query: { name: "Cem" } });
  await other.receiveJson();
  ada.sendJson({ text: " hello " });
  for (const socket of [ada, bob])
    assert.deepEqual(await socket.receiveJson(), { from: "Ada", text: "hello" });
  other.sendJson({ text: "" });
  const { from } = await other.receiveJson<Line>();
  assert.equal(from, "the room");
});

test("10-chat counts primes on a thread, and tells the time on the loop", async () => {
  await using client = await testClient(app);
  await using primes = await client.websocket("/primes");
  await using clock = await client.websocket("/clock");
  primes.sendJson(1_000_000);
  assert.match((await clock.receiveJson<{ now: string }>()).now, /^\d{4}-/);
  assert.deepEqual(await primes.receiveJson(), { below: 1_000_000, primes: 78_498 });
  primes.sendJson("many");
  assert.equal((await primes.closed).code, 1008);
});

test("10-chat refuses a client without a name", async () => {
  await using client = await testClient(app);
  await assert.rejects(client.websocket("/rooms/tea"), /answered with 422/);
});
