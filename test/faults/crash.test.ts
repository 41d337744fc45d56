import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ServeOptions } from "offloop";
import { listening, offloop } from "../fixtures/cli.ts";
import { type Client, createClient } from "../fixtures/client.ts";
import app, { gives, held, reached } from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
let client: Client;

beforeEach(() => {
  for (const gate of [held, reached]) gate.reset();
});
afterEach(async () => {
  held.open();
  client.close();
  await server.close();
});

async function start(threads: ServeOptions["threads"] = {}): Promise<void> {
  server = await running(app, { accessLog: false, threads });
  client = createClient(server.url);
}

const loggedExit = (text: RegExp): Promise<unknown> =>
  server.logged(({ msg }) => /thread/.test(msg) && text.test(msg));

test("crash: a thread at its heap limit fails its running call only", async () => {
  await start({ resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 } });
  const [heap, ...others] = await Promise.all([
    client.ask("/heap"),
    ...Array.from({ length: 100 }, (_, n) => client.ask(`/echo/thread/${n}`)),
  ]);
  assert.equal(heap?.status, 500);
  assert.equal(heap?.body.toString(), '{"detail":"Internal Server Error"}');
  assert.deepEqual(new Set(others.map(({ status }) => status)), new Set([200]));
  await loggedExit(/Cannot finish GET \/heap.*ERR_WORKER_OUT_OF_MEMORY/);
  await assertNextRequests(server.url);
});

test("crash: process.exit(1) in a handler fails its running call only", async () => {
  await start();
  assert.equal((await client.ask("/exit")).status, 500);
  await loggedExit(/Cannot finish GET \/exit.*it exited/);
  const { operation, exitCode } = await server.logged(({ msg }) =>
    /^the thread ends: process\.exit was called at test\/fixtures\/faults-app\.ts:\d+:\d+$/.test(msg),
  );
  assert.deepEqual([operation, exitCode], ["GET /exit", 1]);
  await assertNextRequests(server.url);
});

test("crash: calls handed ahead that have ended or not started are answered all the same", async () => {
  await start({ max: 1, reserve: 0 });
  const quick = (what: unknown): Promise<number> =>
    client.ask(`/quick-to-exit/${what}`).then(({ status }) => status);
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, (_, n) => quick(n)));
  const statuses = await Promise.all(Array.from({ length: 40 }, (_, n) => quick(n === 20 ? "exit" : n)));
  assert.deepEqual(
    statuses,
    Array.from({ length: 40 }, (_, n) => (n === 20 ? 500 : 200)),
  );
});

test("crash: what a handler sends to the parent of its thread reaches nobody", async () => {
  await start();
  assert.equal((await client.ask("/talks-to-its-starter")).status, 200);
  await assertNextRequests(server.url);
});

test("crash: a throw in a timer while a call runs fails that call", async () => {
  await start();
  assert.equal((await client.ask("/throw-while-running")).status, 500);
  await loggedExit(/GET \/throw-while-running.*thrown in a timer.*fix .*a timer from an earlier call/s);
  await assertNextRequests(server.url);
});

for (const what of ["object", "error"])
  test(`crash: ${what === "error" ? "an error" : "an object"} without a text ends its thread like any other`, async () => {
    await start();
    assert.equal((await client.ask(`/throw-without-text/${what}/running`)).status, 500);
    await loggedExit(/Cannot finish GET \/throw-without-text.*its thread ended/);
    assert.equal((await client.ask(`/throw-without-text/${what}/idle`)).status, 200);
    await loggedExit(/OFFLOOP_THREAD_EXITED.*while no call ran in it/);
    await assertNextRequests(server.url);
  });

test("crash: a long body is checked whole in its thread: what is thrown meanwhile ends that after the answer", async () => {
  await start();
  const body = JSON.stringify(Array.from({ length: 20_000 }, (_, n) => n));
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/throw-while-checked`, { method: "POST", headers, body });
  assert.deepEqual([answer.status, await answer.json()], [200, 20_000]);
  await loggedExit(/OFFLOOP_THREAD_EXITED.*thrown meanwhile.*while no call ran in it/);
  await assertNextRequests(server.url);
});

for (const [path, message] of [
  ["/throw-later", "thrown in a timer"],
  ["/reject-later/thread", "nobody awaits this, thread"],
] as const) {
  test(`crash: ${path} ends an idle thread: its call has its answer, the log says what ended it`, async () => {
    await start();
    assert.equal((await client.ask(path)).status, 200);
    await loggedExit(
      new RegExp(
        `OFFLOOP_THREAD_EXITED.*${message}.*while no call ran in it; the last call was of GET ${path}\n`,
      ),
    );
    const { msg, err } = await server.logged(({ code }) => code === "OFFLOOP_THREAD_EXITED");
    const { stack } = err as { stack: string };
    assert.match(stack, new RegExp(`${message}\n +at .*test/fixtures/faults-app\\.ts:\\d+:\\d+`));
    const [, place] = /faults-app\.ts:(\d+:\d+)/.exec(stack) as RegExpExecArray;
    assert.match(msg, new RegExp(`\n {2}at test/fixtures/faults-app\\.ts:${place}\n`), "where it was thrown");
    await assertNextRequests(server.url);
  });
}

test("crash: a rejection that nobody awaits is logged on the loop, and loses nothing", async () => {
  await start();
  const command = offloop(
    "run",
    fileURLToPath(new URL("../fixtures/faults-app.ts", import.meta.url)),
    "--port",
    "0",
  );
  const url = await listening(command);
  const other = createClient(url);
  assert.equal((await other.ask("/reject-later/loop")).status, 200);
  await command.line(/nobody awaits was rejected: nobody awaits this, loop/);
  await assertNextRequests(url);
  other.close();
  command.child.kill();
  assert.equal((await command.ended()).code, 0);
});

for (const what of ["getter", "proxy", "null", "symbol", "revoked"]) {
  eachLane(`crash: a thrown value that cannot be read (${what}) is a 500`, async (lane) => {
    await start();
    const { status, body } = await client.ask(`/${lane}/throw/${what}`);
    assert.deepEqual([status, body.toString()], [500, '{"detail":"Internal Server Error"}']);
    assert.equal(server.threads.threads, 1, "its thread goes on");
  });
}

eachLane("crash: schemas that fail at once and later fail the request, and nothing else", async (lane) => {
  await start();
  const stray: unknown[] = [];
  const note = (error: unknown): void => void stray.push(error);
  process.on("unhandledRejection", note);
  for (let asked = 0; asked < 3; asked++)
    assert.equal((await client.ask(`/${lane}/failing-schemas?q=1&r=1`)).status, 500);
  await assertNextRequests(server.url);
  process.off("unhandledRejection", note);
  assert.deepEqual(stray, []);
  assert.doesNotMatch(server.log.map(({ msg }) => msg).join(), /THREAD_EXITED/);
});

for (const what of ["function", "getter", "proxy"]) {
  test(`crash: a result that cannot be cloned (${what}) fails its call, and its thread goes on`, async () => {
    await start();
    await assert.rejects(gives(what), {
      code: "OFFLOOP_NOT_CLONEABLE",
      message: /result of task gives: result/,
    });
    assert.equal(await gives("text"), "text");
    assert.equal(server.log.length, 0);
  });
}

test("crash: a result nested deeper than the main thread can read is refused, and the error says so", async () => {
  await start();
  await assert.rejects(gives("chain"), {
    code: "OFFLOOP_NOT_CLONEABLE",
    message: /result of task gives: result \(it is nested more than 1,000 levels deep\)/,
  });
  await assertNextRequests(server.url);
});

for (const what of ["deep at last", "deep at last, after long"])
  test(`crash: what a thread sends and the main thread cannot read fails its call only (${what})`, async () => {
    await start();
    for (let round = 0; round < 3; round++)
      await assert.rejects(gives(what), { code: "OFFLOOP_THREAD_EXITED", message: /could not be read/ });
    await assertNextRequests(server.url);
  });

test("crash: a revoked proxy that a task throws fails its call, and its thread goes on", async () => {
  await start();
  await assert.rejects(gives("revoked"), { message: /whose own fields throw/ });
  await assertNextRequests(server.url);
  assert.ok(server.log.every(({ code }) => code !== "OFFLOOP_THREAD_EXITED"));
});
