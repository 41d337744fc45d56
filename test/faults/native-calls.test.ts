import assert from "node:assert/strict";
import { test } from "node:test";
import app from "../fixtures/apps/native-calls.ts";
import { createClient } from "../fixtures/client.ts";
import { type LogEntry, running } from "../fixtures/running.ts";

const codeOf = (code: string) => (entry: LogEntry) => entry.code === code;

test("a deadline inside a native call: 504 at once, the thread is named and counted until the call returns, then replaced", async (t) => {
  const server = await running(app, { accessLog: false });
  const client = createClient(server.url);
  t.after(async () => {
    client.close();
    await server.close();
  });
  const late = await client.ask("/process");
  assert.equal(late.status, 504);
  // Only one thread is allowed: what comes next waits for its place.
  const next = client.ask("/short");
  const { msg } = await server.logged(codeOf("OFFLOOP_THREAD_STUCK"));
  assert.match(
    msg,
    /Cannot end thread \d+: GET \/process is inside a native call there, .*\n {2}at .*native-calls\.ts:15:5\n {2}fix /,
  );
  await server.logged(codeOf("OFFLOOP_THREADS_HELD"));
  const ready = await client.ask("/readyz");
  assert.deepEqual([ready.status, ready.body.toString()], [503, '{"status":"threads"}']);
  assert.equal((await next).body.toString(), '"short"');
  assert.equal((await client.ask("/readyz")).status, 200);
  assert.equal(server.log.filter(codeOf("OFFLOOP_THREAD_STUCK")).length, 1);
});

for (const path of ["/atomics", "/loop"]) {
  test(`a deadline ends ${path.slice(1)} at once, and nothing is said of a native call`, async (t) => {
    const server = await running(app, { accessLog: false });
    const client = createClient(server.url);
    t.after(async () => {
      client.close();
      await server.close();
    });
    assert.equal((await client.ask(path)).status, 504);
    assert.equal((await client.ask("/short")).status, 200);
    assert.deepEqual(server.log.filter(codeOf("OFFLOOP_THREAD_STUCK")), []);
  });
}

test("a deadline while a native addon is being loaded waits for that: the addon would abort the process", async (t) => {
  const server = await running(app, { accessLog: false });
  const client = createClient(server.url);
  t.after(async () => {
    client.close();
    await server.close();
  });
  for (let round = 0; round < 25; round++) assert.equal((await client.ask("/addon")).status, 504);
  assert.equal((await client.ask("/short")).status, 200);
});
