import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { ThreadEvent } from "offloop";
import { type Client, createClient } from "../fixtures/client.ts";
import app, { endlessTask, held, lateTask, reached, TIMEOUT_MS } from "../fixtures/faults-app.ts";
import { journal } from "../fixtures/journal.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import { type ThreadCensus, takeCensus } from "../fixtures/thread-census.ts";

const MAX = 3;
const RESERVE = 1;

let server: Running;
let client: Client;
let census: ThreadCensus;

beforeEach(async () => {
  for (const gate of [held, reached]) gate.reset();
  journal.clear();
  census = takeCensus();
  server = await running(app, { accessLog: false });
  client = createClient(server.url);
});
afterEach(async () => {
  held.open();
  client.close();
  await server.close();
  census.stop();
  assert.equal(census.alive, 0, "no thread outlives close()");
  assert.ok(census.most <= MAX + RESERVE, `${census.most} threads were alive at once`);
});

async function assertLogged(operation: string, declaredWith: string, limit: number): Promise<void> {
  const { err } = await server.logged(({ err }) => (err as { code?: string })?.code === "OFFLOOP_TIMEOUT");
  const { message } = err as { message: string };
  const said = /Cannot finish (.+): (\d+) ms passed, its timeoutMs is (\d+).*\n {2}at (\S+):\d+:\d+/.exec(
    message,
  );
  assert.deepEqual([said?.[1], said?.[3], said?.[4]], [operation, String(limit), declaredWith], message);
  assert.ok(Number(said?.[2]) >= limit, message);
}

/** What the deadline and its answer take at least, on this machine at this moment. */
async function echoAfterDeadline(): Promise<number> {
  const start = performance.now();
  await setTimeout(TIMEOUT_MS);
  await client.ask("/echo/loop/1");
  return performance.now() - start;
}

for (const [path, what] of [
  ["/endless", "an infinite loop"],
  ["/regex", "a catastrophic regular expression"],
] as const) {
  test(`deadline on a thread: ${what} is 504, and its thread is replaced`, async () => {
    const [{ status, body, ms }, least] = await Promise.all([client.ask(path), echoAfterDeadline()]);
    assert.equal(status, 504);
    assert.equal(body.toString(), '{"detail":"Gateway Timeout"}');
    assert.ok(
      ms >= TIMEOUT_MS && ms < 2 * least,
      `${ms} ms; a timer of as long and a request took ${least} ms`,
    );
    await assertLogged(`GET ${path}`, "test/fixtures/faults-app.ts", TIMEOUT_MS);
    await assertNextRequests(server.url);
    assert.ok(census.started >= 2);
  });
}

test("deadline on a thread: others are answered meanwhile, one by one, in a small part of it", async () => {
  const warming = [client.ask("/hold/1"), client.ask("/hold/2")];
  await held.arrived(2); // two threads are up
  held.open();
  await Promise.all(warming);
  const echo = async (): Promise<number> => (await client.ask("/echo/thread/1")).ms;
  const alone: number[] = [];
  while (alone.length < 100) alone.push(await echo());

  let ended = false;
  const endless = client.ask("/endless").finally(() => {
    ended = true;
  });
  const meanwhile: number[] = [];
  while (!ended) meanwhile.push(await echo());
  // The endless call takes a processor: on a machine of few, the others are slower, not as slow as its deadline.
  assert.ok(median(meanwhile) < 10 * median(alone), `${median(meanwhile)} ms, alone ${median(alone)} ms`);
  const longest = meanwhile.slice(0, -1).reduce((most, ms) => Math.max(most, ms), 0);
  assert.ok(longest < (await endless).ms / 2, `${longest} ms of ${(await endless).ms} ms`);
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

test("deadline on a thread: more endless calls than threads all end, never with more threads than allowed", async () => {
  const answers = await Promise.all(Array.from({ length: 3 * MAX }, () => client.ask("/app-deadline/100")));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([504]));
  await assertNextRequests(server.url);
  assert.ok(census.started >= 3 * MAX + 1);
});

test("deadline on a thread: calls handed ahead that have ended or not started keep their answers", async () => {
  await server.close();
  server = await running(app, { accessLog: false, threads: { max: 1, reserve: 0 } });
  client.close();
  client = createClient(server.url);
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 20 }, (_, n) => client.ask(`/quick/${n}`, { method: "POST" })));
  const asked = Array.from({ length: 40 }, (_, n) => {
    const body = n % 2 === 0 ? JSON.stringify("x".repeat(n % 4 === 0 ? 1_200_000 : 100_000)) : undefined;
    const headers = { "content-type": "application/json" };
    return client.ask(`/quick/${n === 20 ? "endless" : n}`, {
      method: "POST",
      headers,
      ...(body && { body }),
    });
  });
  const answers = await Promise.all(asked);
  const found = answers.map(({ status, body }) => (status === 200 ? JSON.parse(body.toString()).n : status));
  assert.deepEqual(
    found,
    Array.from({ length: 40 }, (_, n) => (n === 20 ? 504 : String(n))),
  );
});

test("deadline of a stream on a thread: a generator that does not come to its next yield ends with its thread", async () => {
  await assert.rejects(client.ask("/endless-stream"), { code: "ECONNRESET" });
  await assertLogged("GET /endless-stream", "test/fixtures/faults-app.ts", TIMEOUT_MS);
  await assertNextRequests(server.url);
  const failures = server.log.filter(({ err }) => (err as { code?: string })?.code !== undefined);
  assert.equal(failures.length, 1, "there is nothing left to close: no second failure");
});

test("deadline of a stream on a thread: it counts for each piece, not for all of them", async () => {
  const { status, body } = await client.ask("/patient-stream");
  assert.deepEqual([status, body.toString()], [200, "0\n1\n2\n3\n"]);
});

test("hang-up on a stream on a thread: a generator without end and deadline ends with its thread", async () => {
  const leaving = new AbortController();
  const { body } = await fetch(`${server.url}/unheard-stream`, { signal: leaving.signal });
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), '"first"\n');
  leaving.abort();
  await server.logged(({ err }) => (err as { code?: string })?.code === "OFFLOOP_CLIENT_GONE");
  await assertNextRequests(server.url);
});

test("deadline on the loop: 504, signal aborts with TimeoutError, the log says it may still run", async () => {
  const { status } = await client.ask("/late-on-loop");
  assert.equal(status, 504);
  assert.equal((await journal.written(1))[0]?.what, 1);
  await assertLogged("GET /late-on-loop", "test/fixtures/faults-app.ts", 100);
  assert.match(JSON.stringify(server.log), /it may still be running on the loop/);
  await assertNextRequests(server.url);
});

for (const path of ["open", "stream"])
  test(`deadline on the loop: what the request has open is closed when the handler ends: ${path}`, async () => {
    assert.equal((await client.ask(`/late-on-loop/${path}`)).status, 504);
    const closed = path === "open" ? [5, 3] : [3];
    assert.deepEqual(
      (await journal.written(closed.length)).map(({ what }) => what),
      closed,
    );
    await assertNextRequests(server.url);
  });

/** What the thread ran that is ended next. */
async function nextEnded(): Promise<ThreadEvent["ran"]> {
  const { promise, resolve } = Promise.withResolvers<ThreadEvent["ran"]>();
  const see = (message: unknown): void => {
    const { event, ran } = message as ThreadEvent;
    if (event === "kill") resolve(ran);
  };
  subscribe("offloop.thread", see);
  const ended = await promise;
  unsubscribe("offloop.thread", see);
  return ended;
}

eachLane("deadline of a plain error handler: as long again as that of what failed", async (lane) => {
  const ended = nextEnded();
  assert.equal((await client.ask(`/${lane}/unanswerable`)).status, 504);
  const { reason, work } = (await ended) ?? {};
  assert.equal(reason, "deadline");
  assert.match(work ?? "", lane === "loop" ? /^error handler \d$/ : /^GET \/thread\/unanswerable$/);
  await assertNextRequests(server.url);
});

test("deadline of an async operation: a plain dependency that never ends is 504, and its thread is replaced", async () => {
  assert.equal((await client.ask("/late-on-loop/needs")).status, 504);
  await assertNextRequests(server.url);
});

for (const [path, task] of [
  ["/adds/endless-task", endlessTask],
  ["/adds/late-task", lateTask],
] as const) {
  test(`deadline of a background task: "${task.name}" fails, is logged, and skips what follows`, async () => {
    assert.equal((await client.ask(path)).status, 200);
    const { err, skipped } = await server.logged(({ task: name }) => name === task.name);
    assert.equal((err as { code: string }).code, "OFFLOOP_TIMEOUT");
    assert.deepEqual(skipped, ["note"]);
    await assertLogged(`task ${task.name}`, "test/fixtures/faults-app.ts", 100);
    await assertNextRequests(server.url);
    assert.equal(journal.lines().length, 0);
  });

  test(`deadline of a called task: "${task.name}" rejects with OFFLOOP_TIMEOUT`, async () => {
    await assert.rejects(task(), { code: "OFFLOOP_TIMEOUT", message: /timeoutMs is 100/ });
  });
}

test("deadline: a call that ended while the loop was blocked is not taken for a late one", async () => {
  const answer = client.ask("/block-within/50");
  await reached.arrived(1);
  await new Promise(setImmediate); // timers are due next, before the answer is read
  const until = performance.now() + 2 * TIMEOUT_MS;
  while (performance.now() < until);
  assert.equal((await answer).status, 200);
});

test("deadline: a loop left running in a timer on a thread keeps no request waiting", async () => {
  await Promise.all(Array.from({ length: MAX }, () => client.ask("/loop-later")));
  await reached.arrived(1);
  await assertNextRequests(server.url);
});
