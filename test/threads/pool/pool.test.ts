import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { availableParallelism } from "node:os";
import { afterEach, beforeEach, test } from "node:test";
import type { ServeOptions } from "offloop";
import computing from "../../fixtures/computing-app.ts";
import app, {
  done,
  fails,
  gives,
  nested,
  nestedPlain,
  other,
  slow,
  takes,
  tasks,
  where,
} from "../../fixtures/pool-app.ts";
import { openSocket } from "../../fixtures/raw-socket.ts";
import { type Running, running } from "../../fixtures/running.ts";

const MAX = 3;

interface Answer {
  readonly threadId: number;
  readonly n?: string;
  readonly done?: number;
}

let server: Running;

beforeEach(() => {
  for (const gate of [slow, other, tasks, done]) gate.reset();
});
afterEach(async () => {
  for (const gate of [slow, other, tasks, done]) gate.open();
  await server.close();
});

async function start(options: ServeOptions = {}): Promise<void> {
  server = await running(app, { accessLog: false, ...options });
}

async function ask(path: string): Promise<Answer> {
  return (await (await fetch(server.url + path)).json()) as Answer;
}

const times = <T>(count: number, ask: (index: number) => Promise<T>): Promise<T>[] =>
  Array.from({ length: count }, (_, index) => ask(index));

/** Whether the promise is settled once everything that can happen now has happened. */
async function settledAfter(promise: Promise<unknown>, roundTrips: () => Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await roundTrips();
  return settled;
}

test("pool: one thread at the start, more when calls wait, never more than max at one operation", async () => {
  await start({ threads: { max: MAX, reserve: 0 } });
  assert.deepEqual(server.threads, { threads: 1, busy: 0, waiting: 0, waitingTasks: 0 });
  const asked = times(10, () => ask("/slow"));
  await slow.arrived(MAX);
  assert.equal(slow.count, MAX);
  assert.equal(server.threads.busy, MAX);
  slow.open();
  const threads = new Set((await Promise.all(asked)).map(({ threadId }) => threadId));
  assert.equal(threads.size, MAX);
  assert.ok(!threads.has(0));
});

test("pool: of 20 requests' plain tasks exactly max are in the first wave", async () => {
  await start();
  await Promise.all(times(20, () => ask("/tasks")));
  await tasks.arrived(MAX);
  await ask("/short"); // the reserve is a thread too, and takes no background work
  assert.equal(tasks.count, MAX);
  tasks.open();
  await done.arrived(20);
});

test("pool: while tasks hold all threads, a short request is answered by the reserve", async () => {
  await start();
  await Promise.all(times(20, () => ask("/tasks")));
  await tasks.arrived(MAX);
  assert.ok((await ask("/short")).threadId > 0);
  assert.equal(done.count, 0);
});

test("pool: while 45 slow requests of one operation hold all threads, a short request of another is answered", async () => {
  await start();
  const asked = times(45, () => ask("/slow"));
  await slow.arrived(MAX);
  assert.ok((await ask("/short")).threadId > 0);
  assert.equal(slow.count, MAX, "the reserve runs none of the slow ones");
  slow.open();
  await Promise.all(asked);
});

test("pool: background work takes a thread only when another is there for requests", async () => {
  await start();
  for (let n = 1; n <= MAX; n++) {
    await ask("/tasks");
    await tasks.arrived(n);
    const { threads, busy } = server.threads;
    assert.ok(threads > busy, `${busy} of ${threads} threads are busy when task ${n} begins`);
  }
});

test("pool: with reserve 0 the short request waits for a thread", async () => {
  await start({ threads: { max: MAX, reserve: 0 } });
  const asked = times(MAX, () => ask("/slow"));
  await slow.arrived(MAX);
  const short = ask("/short");
  const waiting = async (): Promise<void> => {
    while (server.threads.waiting === 0) await fetch(`${server.url}/nope`);
    for (let i = 0; i < 20; i++) await fetch(`${server.url}/nope`);
  };
  assert.equal(await settledAfter(short, waiting), false);
  slow.open();
  assert.ok((await short).threadId > 0);
  await Promise.all(asked);
});

test("pool: an operation known to be slow does not take the reserve from a short one", async () => {
  await start();
  const asked = times(MAX, () => ask("/slow"));
  await slow.arrived(MAX); // requests on several connections come in any order
  asked.push(...times(2, () => ask("/other-slow")));
  await other.arrived(1);
  assert.equal(
    other.count,
    1,
    "the first call of an unknown operation may use the reserve, the second may not",
  );
  slow.open();
  other.open();
  await Promise.all(asked);
});

test("pool: an operation that was short and gets stuck does not take the reserve from others", async () => {
  await start();
  for (let n = 0; n < 20; n++) await ask(`/sometimes/${n}`);
  const stuck = times(MAX + 3, () => ask("/sometimes/slow"));
  await slow.arrived(MAX);
  assert.ok((await ask("/short")).threadId > 0);
  assert.equal(slow.count, MAX);
  slow.open();
  await Promise.all(stuck);
});

test("pool: requests go before background work that came first", async () => {
  await start({ threads: { max: 1, reserve: 0 } });
  await Promise.all(times(3, () => ask("/tasks")));
  await tasks.arrived(1);
  const short = ask("/short");
  while (server.threads.waiting < 3) await fetch(`${server.url}/nope`);
  tasks.open();
  assert.equal((await short).done, 1, "only the task that ran when it came has ended before it");
  await done.arrived(3);
});

test("pool.run() takes back calls handed ahead when one before them gets stuck", async () => {
  await start({ threads: { max: 2, reserve: 0 } });
  for (let round = 0; round < 5; round++) await Promise.all(times(40, (index) => ask(`/sometimes/${index}`)));
  const stuck = ask("/sometimes/slow");
  const behind = times(40, (index) => ask(`/sometimes/${index}`));
  await slow.arrived(1);
  const answers = await Promise.all(behind);
  assert.deepEqual(
    answers.map(({ n }) => Number(n)),
    Array.from({ length: 40 }, (_, index) => index),
  );
  slow.open();
  await stuck;
});

test("pool: threads that idle leave, the first stays", async () => {
  const left: unknown[] = [];
  const onThread = (message: unknown): void => {
    if ((message as { event: string }).event === "leave") left.push(message);
  };
  subscribe("offloop.thread", onThread);
  await start({ threads: { max: MAX, reserve: 0, idleMs: 20 } });
  const asked = times(MAX, () => ask("/slow"));
  await slow.arrived(MAX);
  slow.open();
  await Promise.all(asked);
  while (server.threads.threads > 1) await fetch(`${server.url}/nope`);
  unsubscribe("offloop.thread", onThread);
  assert.equal(left.length, MAX - 1);
  assert.ok((await ask("/short")).threadId > 0);
});

test("pool: threads.min are there when the server listens, and stay", async () => {
  await start({ threads: { max: MAX, min: 2, reserve: 0, idleMs: 20 } });
  assert.equal(server.threads.threads, 2);
  const asked = times(MAX, () => ask("/slow"));
  await slow.arrived(MAX);
  slow.open();
  await Promise.all(asked);
  while (server.threads.threads > 2) await fetch(`${server.url}/nope`);
  for (let n = 0; n < 20; n++) await fetch(`${server.url}/nope`);
  assert.equal(server.threads.threads, 2);
});

test("pool: where calls compute on all cores, further threads come one a second", {
  skip: process.platform !== "linux" && "only Linux says what a thread does",
}, async () => {
  const cores = Math.max(2, availableParallelism());
  server = await running(computing, { accessLog: false, threads: { max: cores + 4, reserve: 0 } });
  const start = performance.now();
  const compute = async (): Promise<void> => {
    for (let n = 0; n < 50; n++) await ask("/compute");
  };
  await Promise.all(times(3 * cores, compute));
  const seconds = Math.ceil((performance.now() - start) / 1000);
  const { threads } = server.threads;
  assert.ok(threads <= cores + seconds, `${threads} threads on ${cores} cores after ${seconds} s`);
});

test("pool: while a thread is in use another is kept warm: the next call waits for none to load the app", async () => {
  await start({ threads: { max: MAX, reserve: 0 } });
  const first = ask("/slow");
  await slow.arrived(1);
  while (server.threads.threads < 2) await fetch(`${server.url}/nope`);
  const started: unknown[] = [];
  const note = (message: unknown): void => void started.push(message);
  const second = ask("/slow");
  await slow.arrived(2);
  subscribe("offloop.thread", note);
  assert.deepEqual([server.threads.busy, server.threads.waiting], [2, 0]);
  while (started.length === 0) await fetch(`${server.url}/nope`);
  unsubscribe("offloop.thread", note);
  assert.equal(
    server.threads.threads,
    MAX,
    "the last idle one was taken: the next is started before it is needed",
  );
  slow.open();
  await Promise.all([first, second]);
});

test("pool: while another thread may come, a short request goes before slow ones that came first", async () => {
  await start({ threads: { max: MAX, reserve: 1 } });
  for (let n = 0; n < 3; n++) await ask("/short");
  const first = ask("/slow");
  await slow.arrived(1);
  while (server.threads.threads < 2) await fetch(`${server.url}/nope`);
  const { send, until } = await openSocket(server.url);
  // In one packet, so that all of them wait when the idle thread is given a call.
  send(["/slow", "/slow", "/short"].map((path) => `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`).join(""));
  await slow.arrived(3);
  slow.open();
  const text = await until((received) => received.split("threadId").length === 4);
  const [second, third, short] = [...text.matchAll(/"threadId":(?<id>\d+)/g)].map(({ groups }) => groups?.id);
  assert.ok(short === second || short === third, `slow on ${second} and ${third}, short on ${short}`);
  await first;
});

test("pool: with threads.min for the reserve too, a short request is answered at once behind slow ones", async () => {
  await start({ threads: { max: MAX, min: MAX + 1, reserve: 1, idleMs: 20 } });
  await ask("/short");
  assert.equal(server.threads.threads, MAX + 1);
  const asked = times(MAX + 2, () => ask("/slow"));
  await slow.arrived(MAX);
  const started: unknown[] = [];
  const note = (message: unknown): void => void started.push(message);
  subscribe("offloop.thread", note);
  await ask("/short");
  unsubscribe("offloop.thread", note);
  assert.deepEqual(started, []);
  slow.open();
  await Promise.all(asked);
});

test("threads.min beyond max and reserve is refused", async () => {
  await start();
  await assert.rejects(running(app, { threads: { max: 2, min: 4 } }), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /^Cannot use threads\.min: expected an integer from 1 to 3, got 4/,
  });
});

test("task(): called on the loop it runs on a thread and gives its value or its error", async () => {
  await start();
  assert.ok((await where()) > 0);
  await assert.rejects(fails(), { name: "TypeError", message: "no such thing", code: "E_NONE" });
  assert.deepEqual(await gives("a"), new Map([["a", new Uint8Array([1, 2])]]));
});

test("task(): what cannot cross is named, and the thread goes on", async () => {
  await start();
  await assert.rejects(takes({ deep: [{ run: () => 1 }] }), {
    code: "OFFLOOP_NOT_CLONEABLE",
    message: /task takes.*args\[0\]\.deep\[0\]\.run \(a function\)/,
  });
  await assert.rejects(gives("function"), {
    code: "OFFLOOP_NOT_CLONEABLE",
    message: /result of task gives: result \(a function\)/,
  });
  assert.equal(await takes(1), "number");
});

test("task(): called inside a thread it runs there, called from a loop task on its lane", async () => {
  await start();
  const onLoop = await nested();
  assert.equal(onLoop.here, 0);
  assert.ok(onLoop.there > 0);
  const onThread = await nestedPlain();
  assert.equal(onThread.here, onThread.there);
});

test("task(): without a server it says so, and .fn still runs", async () => {
  await start();
  await server.close();
  await assert.rejects(where(), { code: "OFFLOOP_NOT_SERVING" });
  assert.equal(where.fn(), 0);
});
