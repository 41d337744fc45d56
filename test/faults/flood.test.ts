import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ServeOptions } from "offloop";
import { testClient } from "offloop/testing";
import { type Answer, type Client, createClient } from "../fixtures/client.ts";
import app, { held, reached } from "../fixtures/faults-app.ts";
import { journal } from "../fixtures/journal.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { type Running, running } from "../fixtures/running.ts";

const MAX = 3;
const MAX_QUEUE = 200;
const REQUESTS = 10_000;

let server: Running;
let client: Client;

beforeEach(async () => {
  for (const gate of [held, reached]) gate.reset();
  journal.clear();
  await start({ reserve: 0, maxQueue: MAX_QUEUE, maxBackgroundQueue: 10 });
});
async function start(threads: ServeOptions["threads"]): Promise<void> {
  await stop();
  server = await running(app, { accessLog: false, threads: { max: MAX, ...threads } });
  client = createClient(server.url, 500);
}
async function stop(): Promise<void> {
  client?.close();
  await server?.close();
}
afterEach(async () => {
  held.open();
  await stop();
});

test(`flood: of ${REQUESTS} requests to a full pool each gets 200, or 503 with Retry-After`, async () => {
  let refused = 0;
  const openWhenRefused = (answer: Answer): Answer => {
    if (answer.status === 503 && ++refused === REQUESTS - MAX_QUEUE - MAX) held.open();
    return answer;
  };
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_, n) => client.ask(`/hold/${n}`).then(openWhenRefused)),
  );
  const served = answers.filter(({ status, body }, n) => status === 200 && body.toString() === `"${n}"`);
  const rest = answers.filter(({ status }) => status !== 200);
  assert.equal(served.length + rest.length, REQUESTS);
  assert.ok(served.length >= MAX_QUEUE && served.length <= REQUESTS / 2, `${served.length} were served`);
  for (const { status, headers, body } of rest) {
    assert.equal(status, 503);
    assert.equal(body.toString(), '{"detail":"Service Unavailable"}');
    assert.ok(Number(headers["retry-after"]) >= 1 && Number(headers["retry-after"]) <= 3600);
  }
  assert.ok(server.log.length < 30, `the log says it in ${server.log.length} lines, not in ${refused}`);
  await assertNextRequests(server.url);
});

test("flood: a full queue refuses plain functions only; the loop goes on answering", async () => {
  const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
  await held.arrived(MAX);
  asked.push(...Array.from({ length: MAX_QUEUE }, (_, n) => client.ask(`/hold/${n}`)));
  while (server.threads.waiting < MAX_QUEUE) await client.ask("/echo/loop/1");
  assert.equal((await client.ask("/echo/thread/1")).status, 503);
  assert.equal((await client.ask("/echo/loop/1")).status, 200);
  held.open();
  assert.ok((await Promise.all(asked)).every(({ status }) => status === 200));
  await assertNextRequests(server.url);
});

for (const [path, what] of [
  ["/needs-a-thread", "a plain dependency"],
  ["/awaits-a-task", "a plain task that the handler awaits"],
] as const)
  test(`flood: a full pool met by ${what} of an async operation is 503 with Retry-After`, async () => {
    await start({ reserve: 0, maxQueue: 0 });
    const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
    await held.arrived(MAX);
    const { status, headers, body } = await client.ask(path);
    assert.deepEqual([status, body.toString()], [503, '{"detail":"Service Unavailable"}']);
    assert.ok(Number(headers["retry-after"]) >= 1 && Number(headers["retry-after"]) <= 3600);
    held.open();
    await Promise.all(asked);
    assert.equal((await client.ask(path)).status, 200);
  });

test("flood: a short request finds the express lane free although the queue is full", async () => {
  await start({ reserve: 1, maxQueue: MAX_QUEUE });
  await client.ask("/echo/thread/1");
  const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
  await held.arrived(MAX);
  asked.push(...Array.from({ length: MAX_QUEUE }, (_, n) => client.ask(`/hold/${n}`)));
  while (server.threads.waiting < MAX_QUEUE) await client.ask("/echo/loop/1");
  while (server.threads.threads === MAX) await client.ask("/echo/loop/1"); // the express lane has to start
  assert.equal((await client.ask("/hold/1")).status, 503);
  for (let n = 0; n < 50; n++) assert.equal((await client.ask("/echo/thread/1")).status, 200);
  held.open();
  assert.ok((await Promise.all(asked)).every(({ status }) => status === 200));
});

test("flood: with maxQueue 0 calls run on every allowed thread, and none waits", async () => {
  await start({ reserve: 0, maxQueue: 0 });
  const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
  await held.arrived(MAX);
  assert.equal((await client.ask("/hold/1")).status, 503);
  held.open();
  assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]));
});

test("flood: with maxQueue 0 none of the calls that come in one turn waits", async () => {
  await using own = await testClient(app, { threads: { max: 1, reserve: 0, maxQueue: 0 } });
  const asked = [1, 2, 3].map((n) => own.get(`/hold/${n}`));
  await held.arrived(1);
  held.open();
  assert.deepEqual((await Promise.all(asked)).map(({ status }) => status).sort(), [200, 503, 503]);
});

test("flood: clients that hung up make room in a full queue", async () => {
  const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
  await held.arrived(MAX);
  const impatient = new AbortController();
  const given = Array.from({ length: MAX_QUEUE }, () =>
    client.ask("/counted", { signal: impatient.signal }).catch(({ name }: Error) => name),
  );
  while (server.threads.waiting < MAX_QUEUE) await client.ask("/echo/loop/1");
  impatient.abort();
  assert.deepEqual(new Set(await Promise.all(given)), new Set(["AbortError"]));
  const patient: Promise<Answer>[] = [];
  while (server.threads.waiting >= MAX_QUEUE) {
    patient.push(client.ask("/echo/thread/1"));
    await client.ask("/echo/loop/1");
  }
  held.open();
  assert.equal((await Promise.all(patient)).at(-1)?.status, 200);
  await Promise.all(asked);
  assert.equal(reached.count, 0, "none of those given up has run");
});

test("flood: background tasks past their bound fail by name, none is dropped silently", async () => {
  const asked = Array.from({ length: MAX }, (_, n) => client.ask(`/hold/${n}`));
  await held.arrived(MAX);
  const answers = Promise.all(Array.from({ length: 100 }, () => client.ask("/adds/note-on-loop")));
  assert.deepEqual(new Set((await answers).map(({ status }) => status)), new Set([200]));
  const failed = (): number => server.log.filter(({ task }) => task === "note").length;
  await server.logged(() => failed() === 90);
  held.open();
  await Promise.all(asked);
  await journal.written(10);
  await assertNextRequests(server.url);
  assert.deepEqual([failed(), journal.lines().length], [90, 10]);
});
