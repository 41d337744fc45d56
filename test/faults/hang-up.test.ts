import assert from "node:assert/strict";
import { get } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { type Client, createClient } from "../fixtures/client.ts";
import app, { held, reached } from "../fixtures/faults-app.ts";
import { journal } from "../fixtures/journal.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

const MAX = 3;

let server: Running;
let client: Client;

beforeEach(async () => {
  for (const gate of [held, reached]) gate.reset();
  journal.clear();
  server = await running(app, { accessLog: false, threads: { max: MAX, reserve: 0 } });
  client = createClient(server.url);
});
afterEach(async () => {
  held.open();
  await assertNextRequests(server.url);
  client.close();
  await server.close();
});

test("hang-up before the start: the call is dropped, its function never runs", async () => {
  const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
  await held.arrived(MAX);
  const impatient = new AbortController();
  const given = Array.from({ length: 20 }, () => client.ask("/counted", { signal: impatient.signal }));
  while (server.threads.waiting < given.length) await client.ask("/echo/loop/1");
  impatient.abort();
  for (const answer of await Promise.allSettled(given)) assert.equal(answer.status, "rejected");
  await client.ask("/echo/loop/1");
  held.open();
  await Promise.all(asked);
  assert.equal((await client.ask("/counted")).status, 200);
  assert.equal(reached.count, 1);
});

for (const [how, path] of [
  ["signal.aborted turns true in synchronous code", "asks"],
  ["signal.throwIfAborted() throws in synchronous code", "throws"],
  ["signal tells code that awaits on a thread", "awaits"],
  ["signal tells code that awaits on the loop", "loop"],
] as const) {
  test(`hang-up during the run: ${how}`, async () => {
    const impatient = new AbortController();
    const answer = client.ask(`/until-aborted/${path}`, { signal: impatient.signal });
    await reached.arrived(1);
    impatient.abort();
    await assert.rejects(answer, { name: "AbortError" });
    assert.equal((await journal.written(1))[0]?.what, 1);
  });
}

for (const path of [
  "/loop/until-aborted/stream",
  "/thread/until-aborted/stream",
  "/thread/until-aborted/plain-stream",
]) {
  test(`hang-up in the middle of a stream that waits for its next chunk: signal tells it [${path}]`, async () => {
    await new Promise<void>((resolve, reject) => {
      get(server.url + path, (response) => {
        response.once("data", () => response.destroy()).once("close", resolve);
      }).on("error", reject);
    });
    assert.equal((await journal.written(1))[0]?.what, 1);
  });
}

eachLane("hang-up while a stream waits for its client: signal has aborted when it closes", async (lane) => {
  await new Promise<void>((resolve, reject) => {
    get(`${server.url}/${lane}/until-gone`, (response) => {
      response.once("readable", () => response.destroy()).once("close", resolve);
    }).on("error", reject);
  });
  const closed = await journal.written(2);
  assert.deepEqual(
    closed.map(({ what }) => what),
    [1, 1],
  );
});

eachLane("hang-up in the middle of a large answer", async (lane) => {
  await new Promise<void>((resolve, reject) => {
    get(`${server.url}/${lane}/bytes/50000000`, (response) => {
      response.once("data", () => response.destroy()).once("close", resolve);
    }).on("error", reject);
  });
});

test("hang-up after the answer: background tasks run", async () => {
  assert.equal((await client.ask("/adds/note")).status, 200);
  client.close();
  await journal.written(1);
});
