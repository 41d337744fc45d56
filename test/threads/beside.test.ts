import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import app, { goOn, here, NATIVE_MS, open } from "../fixtures/beside-app.ts";
import { type LogEntry, type Running, running } from "../fixtures/running.ts";

/** Serves the app, of which no task has ended yet. */
async function opened(t: { after(end: () => unknown): void }): Promise<Running> {
  here.reset();
  goOn.reset();
  open.task = Promise.withResolvers();
  const server = await running(app);
  t.after(() => server.close());
  return server;
}

const codeOf = (code: string) => (entry: LogEntry) => entry.code === code;

test("what closes while another call awaits speaks for the request that opened it", async (t) => {
  const server = await opened(t);
  assert.equal((await fetch(`${server.url}/after-a-task`)).status, 200);
  const waiting = fetch(`${server.url}/waits`);
  await here.arrived(1);
  open.task.resolve();
  await here.arrived(2);
  goOn.arrive();
  const { msg } = await server.logged(({ msg }) => /app\.jobs/.test(msg));
  assert.match(msg, /Cannot use app\.jobs in GET \/after-a-task/);
  goOn.arrive();
  assert.equal(await (await waiting).text(), '"waited"');
});

test("a request ends, though what closes beside it is past its deadline", async (t) => {
  const server = await opened(t);
  assert.equal((await fetch(`${server.url}/late`)).status, 200);
  const waiting = fetch(`${server.url}/takes-longer`);
  await here.arrived(1);
  open.task.resolve();
  await here.arrived(2);
  assert.equal(await (await waiting).text(), '"took longer"');
  await server.logged(({ msg }) => /Cannot finish GET \/late: .* its timeoutMs is 300/.test(msg));
});

test("a request that ran beside a native call past its deadline is answered, and learns why", async (t) => {
  const server = await opened(t);
  assert.equal((await fetch(`${server.url}/native`)).status, 200);
  const waiting = fetch(`${server.url}/never`);
  await here.arrived(1);
  open.task.resolve();
  await here.arrived(2);
  const begun = performance.now();
  assert.equal((await waiting).status, 500);
  assert.ok(performance.now() - begun < NATIVE_MS - 1_000, "it waited until the native call returned");
  await server.logged(codeOf("OFFLOOP_THREAD_STUCK"));
  const { msg } = await server.logged(({ msg }) => /GET \/never/.test(msg));
  assert.match(msg, /its thread ended: another call there had to be ended/);
});

test("a request keeps its deadline, though what closes beside it computes for longer", async (t) => {
  const server = await opened(t);
  assert.equal((await fetch(`${server.url}/closes-slowly`)).status, 200);
  const brief = fetch(`${server.url}/brief`);
  await here.arrived(1);
  open.task.resolve();
  assert.equal(await (await brief).text(), '"in time"');
});

test("a request keeps its deadline, though a stream beside it computes for longer", async (t) => {
  const server = await opened(t);
  const streamed = await fetch(`${server.url}/streams-slowly`);
  const brief = fetch(`${server.url}/brief`);
  await here.arrived(1);
  const body = streamed.text();
  assert.equal(await (await brief).text(), '"in time"');
  assert.equal((await body).trim(), "next last");
});

test("a request keeps its deadline, though a later dependency beside it computes for longer", async (t) => {
  const server = await opened(t);
  const depending = fetch(`${server.url}/depends-slowly`);
  await here.arrived(1);
  const brief = fetch(`${server.url}/brief`);
  await here.arrived(2);
  open.task.resolve();
  assert.equal(await (await brief).text(), '"in time"');
  assert.equal(await (await depending).text(), '"made"');
});

test("a request that computes past its deadline is ended, whatever awaits beside it", async (t) => {
  const server = await opened(t);
  assert.equal((await fetch(`${server.url}/closes-late`)).status, 200);
  const computing = fetch(`${server.url}/computes`);
  await here.arrived(1);
  open.task.resolve();
  assert.equal((await computing).status, 504);
  await server.logged(({ msg }) =>
    /Cannot close what GET \/closes-late has left open: its thread has ended/.test(msg),
  );
});

test("a request is answered, though what closes beside it has no deadline and never ends", async (t) => {
  const server = await opened(t);
  assert.equal((await fetch(`${server.url}/closes-never`)).status, 200);
  const brief = fetch(`${server.url}/brief`);
  await here.arrived(1);
  open.task.resolve();
  assert.equal((await brief).status, 504);
});

test("the loop rests while two requests close in one thread", async (t) => {
  const server = await opened(t);
  for (let n = 0; n < 2; n++) assert.equal((await fetch(`${server.url}/closes-late`)).status, 200);
  open.task.resolve();
  await here.arrived(2);
  const before = performance.nodeTiming.uvMetricsInfo.loopCount;
  await sleep(500);
  const turns = performance.nodeTiming.uvMetricsInfo.loopCount - before;
  goOn.arrive();
  assert.ok(turns < 40, `the loop turned ${turns} times`);
});
