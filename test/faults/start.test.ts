import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, test } from "node:test";
import type { ThreadEvent } from "offloop";
import app, { badLoad, held, loads, mood } from "../fixtures/apps/starts-badly.ts";
import { type Client, createClient } from "../fixtures/client.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { type LogEntry, type Running, running } from "../fixtures/running.ts";

let server: Running;
let client: Client;

beforeEach(async () => {
  for (const gate of [mood, loads, badLoad, held]) gate.reset();
  server = await running(app, { accessLog: false });
  client = createClient(server.url);
});
afterEach(async () => {
  held.open();
  client.close();
  await server.close();
});

const failed = ({ code }: LogEntry): boolean =>
  code === "OFFLOOP_THREAD_START" || code === "OFFLOOP_THREAD_EXITED";

/** Resolves when the log has so many entries of threads that failed; gives when they came. */
async function failures(count: number): Promise<number[]> {
  const found = (): LogEntry[] => server.log.filter(failed);
  await server.logged(() => found().length >= count);
  return found().map(({ time }) => Number(time));
}

test("start: a module that throws in its third thread only is logged, the others serve, and it is tried again", async () => {
  for (let n = 0; n < 3; n++) badLoad.arrive();
  const asked = Array.from({ length: 10 }, () => client.answer("/hold"));
  await failures(1);
  await held.arrived(2); // the second loads beside the third, and may be ready after that has failed
  assert.equal(server.threads.threads, 2);
  assert.equal(await client.answer("/readyz"), '200 {"status":"ready"}');
  await loads.arrived(4);
  await held.arrived(3);
  held.open();
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["200 null"]));
  await assertNextRequests(server.url);
});

test("start: a thread that never started is reported as failed, and with no other end", async (t) => {
  const alive = new Set<number>();
  const unstarted: number[] = [];
  const unknown: ThreadEvent[] = [];
  const note = (message: unknown): void => {
    const event = message as ThreadEvent;
    if (event.event === "start") alive.add(event.thread);
    else if (event.event === "fail") unstarted.push(event.thread);
    else if (!alive.delete(event.thread)) unknown.push(event);
  };
  await client.answer("/echo/thread/1");
  subscribe("offloop.thread", note);
  t.after(() => unsubscribe("offloop.thread", note));
  badLoad.arrive();
  badLoad.arrive();
  const asked = Array.from({ length: 2 }, () => client.answer("/hold"));
  await failures(1);
  held.open();
  await Promise.all(asked);
  assert.deepEqual(unknown, []);
  assert.equal(unstarted.length, 1);
  assert.ok(!alive.has(unstarted[0] as number));
});

test("start: with no thread that can load the app, health says so, calls are 503, and it recovers", async () => {
  mood.arrive();
  const times = failures(3);
  assert.match(await client.answer("/exit"), /^500/);
  const [first = 0, second = 0, third = 0] = await times;
  assert.ok(third - second > second - first, "each pause is longer than the one before");
  assert.equal(server.threads.threads, 0);
  assert.equal(await client.answer("/readyz"), '503 {"status":"threads"}');
  assert.equal(await client.answer("/livez"), '200 {"status":"threads"}');
  assert.equal(await client.answer("/echo/thread/1"), '503 {"detail":"Service Unavailable"}');
  assert.equal(await client.answer("/echo/loop/1"), '200 "1"');
  await server.logged(({ code }) => code === "OFFLOOP_THREADS_DOWN");
  mood.reset();
  while ((await client.answer("/readyz")) !== '200 {"status":"ready"}');
  await assertNextRequests(server.url);
});

test("start: threads that load the app and die at once are started with growing pauses", async () => {
  mood.arrive();
  mood.arrive();
  const times = failures(4);
  assert.match(await client.answer("/exit"), /^500/);
  const [, second = 0, third = 0, fourth = 0] = await times;
  assert.ok(fourth - third > third - second, `${await times}`);
  assert.ok(loads.count <= 6, `${loads.count} threads were started`);
  mood.reset();
  while ((await client.answer("/echo/thread/1")) !== '200 "1"');
  await assertNextRequests(server.url);
});
