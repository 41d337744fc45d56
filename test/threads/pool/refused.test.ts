import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ResourceLimits } from "node:worker_threads";
import app, { held } from "../../fixtures/apps/starts-badly.ts";
import { type Client, createClient } from "../../fixtures/client.ts";
import { assertNextRequests } from "../../fixtures/next-requests.ts";
import { type LogEntry, type Running, running } from "../../fixtures/running.ts";

/** No system has room for this stack. It is read whenever a thread is started, so that a test can change it. */
const TOO_MUCH_MB = 1e9;
const USUAL_MB = 4;

let server: Running;
let client: Client;
const resourceLimits: ResourceLimits = {};

beforeEach(() => {
  held.reset();
  resourceLimits.stackSizeMb = USUAL_MB;
});
afterEach(() => held.open());

async function start(): Promise<void> {
  server = await running(app, { accessLog: false, threads: { resourceLimits } });
  client = createClient(server.url);
}

async function stop(): Promise<void> {
  held.open();
  client.close();
  await server.close();
}

const isRefusal = ({ code, msg }: LogEntry): boolean =>
  code === "OFFLOOP_THREAD_START" && /Cannot start a thread: .*\n {2}fix allow the process more/s.test(msg);

test("pool: while the system refuses threads, calls wait for those that are there; then there are more", async () => {
  await start();
  resourceLimits.stackSizeMb = TOO_MUCH_MB;
  const asked = Array.from({ length: 6 }, () => client.answer("/hold"));
  const { err } = await server.logged(isRefusal);
  assert.match(JSON.stringify(err), /ERR_WORKER_INIT_FAILED/);
  await held.arrived(1);
  assert.equal(server.threads.threads, 1);
  assert.equal(await client.answer("/readyz"), '200 {"status":"ready"}');
  resourceLimits.stackSizeMb = USUAL_MB;
  await held.arrived(2);
  held.open();
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["200 null"]));
  await assertNextRequests(server.url);
  await stop();
});

test("pool: the system is asked again after growing pauses, however many calls wait", async () => {
  await start();
  resourceLimits.stackSizeMb = TOO_MUCH_MB;
  const asked = Array.from({ length: 6 }, () => client.answer("/hold"));
  const refusals = (): LogEntry[] => server.log.filter(isRefusal);
  await server.logged(() => refusals().length >= 5);
  const [first = 0, second = 0, , fourth = 0, fifth = 0] = refusals().map(({ time }) => Number(time));
  assert.ok(fifth - fourth > second - first, "the fourth pause is longer than the first");
  resourceLimits.stackSizeMb = USUAL_MB;
  held.open();
  await Promise.all(asked);
  await stop();
});

test("pool: with no thread left and none to be had, waiting calls are 503, health says so, and it recovers", async () => {
  await start();
  resourceLimits.stackSizeMb = TOO_MUCH_MB;
  const first = client.answer("/hold");
  await held.arrived(1);
  const waiting = client.answer("/exit");
  held.open();
  assert.match(await waiting, /^500/);
  await first;
  await server.logged(isRefusal);
  while ((await client.answer("/readyz")) !== '503 {"status":"threads"}');
  assert.equal(await client.answer("/echo/thread/1"), '503 {"detail":"Service Unavailable"}');
  assert.equal(await client.answer("/echo/loop/1"), '200 "1"');
  resourceLimits.stackSizeMb = USUAL_MB;
  while ((await client.answer("/readyz")) !== '200 {"status":"ready"}');
  await assertNextRequests(server.url);
  await stop();
});

test("serve() rejects with OFFLOOP_THREAD_START when the system refuses its first thread", async () => {
  resourceLimits.stackSizeMb = TOO_MUCH_MB;
  await assert.rejects(start(), {
    code: "OFFLOOP_THREAD_START",
    message: /^Cannot start a thread: .+\n {2}fix allow the process more threads or memory/,
  });
});
