import assert from "node:assert/strict";
import { test } from "node:test";
import { command, fixture, listening } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";
import app, { held } from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { type LogEntry, running } from "../fixtures/running.ts";

const BLOCK_MS = 2_500;

test("health: its port answers while the loop is blocked, and says so", async () => {
  const served = command([fixture("health-apart.ts")]);
  const url = await listening(served);
  const health = createClient(/http:\/\/[\d.:]+/.exec(await served.line(/health at/))?.[0] ?? "");
  const ask = async (
    path: string,
  ): Promise<{ status: number; body: { status: string; blockedMs?: number } }> => {
    const { status, body } = await health.ask(path);
    return { status, body: JSON.parse(body.toString()) };
  };
  assert.deepEqual(await ask("/readyz"), { status: 200, body: { status: "ready" } });
  const client = createClient(url);
  const blocked = client.ask(`/block-loop/${BLOCK_MS}`);
  await served.line(/loop blocked/);
  let ready = await ask("/readyz");
  while (ready.status === 200) ready = await ask("/readyz");
  const live = await ask("/livez");
  assert.deepEqual([ready.status, ready.body.status], [503, "blocked"]);
  assert.deepEqual([live.status, live.body.status], [200, "blocked"], "a restart would not help yet");
  assert.ok(Number(live.body.blockedMs) >= 1_000 && Number(live.body.blockedMs) < 2 * BLOCK_MS);
  assert.equal((await blocked).status, 200);
  while ((await ask("/readyz")).status !== 200);
  await assertNextRequests(url);
  for (const one of [client, health]) one.close();
  served.child.kill("SIGTERM");
  assert.equal((await served.ended()).code, 0);
});

test("health: probes on the app's port answer while the threads are held and their queue is full", async (t) => {
  held.reset();
  const threads = { max: 2, reserve: 0, maxQueue: 1 };
  const server = await running(app, { accessLog: false, health: true, threads });
  const client = createClient(server.url);
  t.after(async () => {
    held.open();
    client.close();
    await server.close();
  });
  const asked = [client.ask("/hold/1")];
  await held.arrived(1);
  asked.push(client.ask("/hold/2"));
  await held.arrived(2);
  asked.push(client.ask("/hold/3"));
  while (server.threads.waiting === 0) await client.ask("/echo/loop/1");
  assert.equal((await client.ask("/echo/thread/1")).status, 503);
  for (const probe of ["/livez", "/readyz"]) {
    const { status, body } = await client.ask(probe);
    assert.deepEqual([status, body.toString()], [200, '{"status":"ready"}']);
  }
  held.open();
  await Promise.all(asked);
});

test("health: while every thread runs a call without end, the server is not ready and says which", async (t) => {
  held.reset();
  const threads = { max: 2, reserve: 1, longRunMs: 200 };
  const server = await running(app, { accessLog: false, health: true, threads });
  const client = createClient(server.url);
  t.after(async () => {
    held.open();
    client.close();
    await server.close();
  });
  const ready = async (): Promise<[number, string]> => {
    const { status, body } = await client.ask("/readyz");
    return [status, body.toString()];
  };
  const asked = ["/hold/1", "/hold/2"].map((path) => client.ask(path));
  const codeOf = (code: string) => (entry: LogEntry) => entry.code === code;
  const { msg } = await server.logged(codeOf("OFFLOOP_THREAD_HELD"));
  assert.match(msg, /thread \d+ for anything else: GET \/hold\/:n has run there for \d+ ms/);
  assert.deepEqual(await ready(), [200, '{"status":"ready"}'], "the express lane is left");
  asked.push(client.ask("/hold-also"));
  const all = await server.logged(codeOf("OFFLOOP_THREADS_HELD"));
  assert.match(
    all.msg,
    /Cannot run plain functions: all 3 threads are held by calls that do not end: GET \/hold\/:n, GET \/hold-also/,
  );
  assert.deepEqual(await ready(), [503, '{"status":"threads"}']);
  assert.equal((await client.ask("/livez")).status, 200);
  assert.equal(server.log.filter(codeOf("OFFLOOP_THREAD_HELD")).length, 3, "each call is told of once");
  held.open();
  await Promise.all(asked);
  assert.deepEqual(await ready(), [200, '{"status":"ready"}']);
  await assertNextRequests(server.url);
});
