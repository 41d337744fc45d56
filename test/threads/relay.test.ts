import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { afterEach, beforeEach, test } from "node:test";
import type { Worker } from "node:worker_threads";
import type { ServerSettings } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import { pino } from "pino";
import { type OperationEvent, operationChannel } from "../../src/channels/channels.ts";
import { countRelayed } from "../../src/threads/crossing/board.ts";
import { RELAY_AFTER_MS, type Relayed } from "../../src/threads/crossing/messages.ts";
import { Relay, RelayedMessages, type RelayLink } from "../../src/threads/pool/relay.ts";
import app, { waiting } from "../fixtures/relay-app.ts";

const skip = process.platform === "linux" ? false : "threads have no priority of their own here";

let relays: Worker[];
let workers: Worker[];
/** The first message of a relay says that it runs, which has threads send by it. */
let ready: Promise<unknown>;
let client: TestClient;

function onWorker(worker: Worker): void {
  if (worker.threadName !== "offloop relay") return void workers.push(worker);
  relays.push(worker);
  ready = Promise.race([once(worker, "message"), once(worker, "exit")]);
}

beforeEach(() => {
  relays = [];
  workers = [];
  process.on("worker", onWorker);
});
afterEach(async () => {
  process.off("worker", onWorker);
  await client.close();
});

async function open(threads: NonNullable<ServerSettings["threads"]> = {}): Promise<void> {
  client = await testClient(app, { threads: { max: 2, min: 2, reserve: 0, ...threads } });
}

/** After this, every thread sends what is long by the relay. */
async function relay(): Promise<void> {
  await client.get("/json");
  assert.equal(relays.length, 1);
  await ready;
}

test("relay: started by the first long call, once; short calls need none", { skip }, async () => {
  await open();
  const runs: number[] = [];
  const onEvent = (event: unknown): void => {
    const { event: kind, runMs } = event as OperationEvent & { runMs: number };
    if (kind === "end") runs.push(runMs);
  };
  operationChannel.subscribe(onEvent);
  await client.get("/short");
  operationChannel.unsubscribe(onEvent);
  // On a machine that is busy, even the shortest may take long.
  assert.equal(relays.length, runs.some((ms) => ms >= RELAY_AFTER_MS) ? 1 : 0);
  for (let times = 0; times < 3; times++) await client.get("/json");
  assert.equal(relays.length, 1);
});

test("relay: none where threads do not stand back", async () => {
  await open({ priority: 0 });
  await client.get("/json");
  assert.equal(relays.length, 0);
});

test("relay: everything that a long call sends arrives", { skip }, async () => {
  await open();
  await relay();
  assert.deepEqual(await (await client.get("/json")).json(), { computed: true });
  const bytes = await (await client.get("/bytes")).bytes();
  assert.deepEqual([bytes.length, bytes.every((byte) => byte === 7)], [100_000, true]);
  assert.equal(await (await client.get("/chunks")).text(), "0\n1\n2\n");
  assert.equal(await (await client.get("/task")).json(), 3);
  assert.equal((await client.get("/fails")).status, 500);
});

test("relay: passes a large result on without copying it, which would keep others waiting", {
  skip,
}, async () => {
  await open();
  await relay();
  await client.get("/large"); // the relay runs, and has compiled what it runs
  const { performance: relayTime } = relays[0] as Worker;
  const before = relayTime.eventLoopUtilization();
  const start = performance.now();
  assert.equal(await (await client.get("/large")).json(), 200_000);
  const share = relayTime.eventLoopUtilization(before).active / (performance.now() - start);
  assert.ok(share < 0.1, `the relay worked for ${share} of the time`);
});

test("relay: no channel stays open when its result has arrived", { skip }, async () => {
  await open({ max: 1, min: 1 });
  await relay();
  for (let times = 0; times < 40; times++) await client.get("/json");
  // A channel is closed in a turn of the thread's loop after its result has arrived, and each question is such a turn.
  let left = 40;
  for (let asked = 0; asked < 50 && left >= 40; asked++)
    left = (await (await client.get("/ports")).json()) as number;
  assert.ok(left < 40, `${left} ports are left of 40 results`);
});

test("relay: a call's log lines come in order, and before its answer", { skip }, async () => {
  const messages: string[] = [];
  const write = (line: string): number => messages.push((JSON.parse(line) as { msg: string }).msg);
  client = await testClient(app, { logger: pino({ level: "info" }, { write }) });
  await relay();
  messages.length = 0;
  await client.get("/logged");
  assert.deepEqual(messages, ["step 1", "step 2", "step 3", "GET /logged 200"]);
});

test("relay: a call whose thread ends right after it keeps its answer", { skip }, async () => {
  await open();
  await relay();
  for (let times = 0; times < 20; times++) {
    const reply = await client.get("/last");
    assert.deepEqual([reply.status, await reply.json()], [200, "last"]);
  }
});

test("relay: a thread that ends by itself is reported as such", { skip }, async () => {
  await open();
  await relay();
  for (let times = 0; times < 10; times++) {
    await client.get("/json"); // by the relay, so that there is one to close
    const { promise, resolve } = Promise.withResolvers<string>();
    const note = (message: unknown): void => {
      const { event } = message as { event: string };
      if (event !== "start") resolve(event);
    };
    subscribe("offloop.thread", note);
    await client.get("/last");
    assert.equal(await promise, "exit");
    unsubscribe("offloop.thread", note);
  }
});

test("relay: when it ends, running calls keep their answers, no thread is replaced, and the next long call starts another", {
  skip,
}, async () => {
  const messages: string[] = [];
  const bothWait = Promise.withResolvers<void>();
  const write = (line: string): void => {
    messages.push((JSON.parse(line) as { msg: string }).msg);
    if (messages.filter((message) => message === "waits").length === 2) bothWait.resolve();
  };
  const logger = pino({ level: "info" }, { write });
  client = await testClient(app, { threads: { max: 2, min: 2, reserve: 0 }, logger });
  await relay();
  waiting.reset();
  const running = [client.get("/waits"), client.get("/waits")];
  await bothWait.promise; // and with that, all that they have sent by it has arrived
  const threads = workers.length;
  const [worker] = relays as [Worker];
  await Promise.all([worker.terminate(), once(worker, "exit")]);
  waiting.open();
  for (const reply of await Promise.all(running)) {
    assert.deepEqual([reply.status, await reply.json()], [200, "waited"]);
  }
  assert.equal(messages.filter((message) => message === "goes on").length, 2);
  // Their answers have started another.
  assert.equal(relays.length, 2);
  await ready;
  assert.deepEqual(await (await client.get("/json")).json(), { computed: true });
  assert.equal(workers.length, threads);
});

test("relay: a thread that has sent by it what was lost with it learns so", { skip }, async () => {
  await open();
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const one = new Relay({ onReady: started.resolve, onEnd: ended.resolve });
  await started.promise;
  const links = [one.openLink(), one.openLink(), one.openLink()] as const;
  const arrived = links.map(() => Promise.withResolvers<void>());
  const relayed = links.map(
    (link, index) => new RelayedMessages(link, () => arrived[index]?.resolve(), ended.reject),
  );
  const send = ({ thread: { port, sent } }: RelayLink): boolean => {
    const isCounted = countRelayed(sent);
    if (isCounted) port.postMessage({ message: [], transfer: [] } satisfies Relayed);
    return isCounted;
  };
  assert.ok(send(links[0]) && send(links[1]));
  for (const messages of relayed) void messages.all(); // keeps the test alive until they have arrived
  await Promise.all([arrived[0]?.promise, arrived[1]?.promise]);
  await one.close();
  await ended.promise;
  assert.ok(send(links[1]), "nobody has said yet that it has ended");
  assert.deepEqual(await Promise.all(relayed.map((messages) => messages.end())), [true, false, true]);
  assert.deepEqual(links.map(send), [false, false, false]);
});

test("relay: one that the system refuses costs no call and no thread, and is not tried again", {
  skip,
}, async (t) => {
  const refuse = (worker: Worker): void => {
    if (worker.threadName === "offloop relay") void worker.terminate();
  };
  process.on("worker", refuse);
  t.after(() => process.off("worker", refuse));
  await open();
  const threads = workers.length;
  for (let times = 0; times < 3; times++) {
    const replies = await Promise.all(["/json", "/chunks", "/task"].map((path) => client.get(path)));
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200, 200],
    );
  }
  assert.deepEqual([relays.length, workers.length], [1, threads]);
});

test("relay: a thread that has ended takes no call while what it has sent is on its way", {
  skip,
}, async () => {
  const logger = pino({ level: "info" }, { write: () => {} });
  client = await testClient(app, { threads: { max: 1, min: 1, reserve: 0 }, logger });
  await relay();
  const [thread] = workers as [Worker];
  const ended = once(thread, "exit");
  assert.equal((await client.get("/ends")).status, 200);
  await ended;
  const reply = await client.post("/length", { json: { text: "x".repeat(2_000_000) } });
  assert.deepEqual([reply.status, await reply.json()], [200, 2_000_000]);
});

test("relay: ends with the server", { skip }, async () => {
  await open();
  await relay();
  const ended = once(relays[0] as Worker, "exit");
  await client.close();
  await ended;
});
