import assert from "node:assert/strict";
import { on } from "node:events";
import inspector from "node:inspector";
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

test("a deadline at a breakpoint: 504, and the log says that the debugger may be what holds the thread", async (t) => {
  const server = await running(app, { accessLog: false });
  const client = createClient(server.url);
  inspector.open(0);
  const debuggers = new inspector.Session();
  t.after(async () => {
    debuggers.disconnect();
    inspector.close();
    client.close();
    await server.close();
  });
  assert.equal((await client.ask("/short")).status, 200); // its thread is there
  const resume = await attachToThreads(debuggers);
  assert.equal((await client.ask("/breakpoint")).status, 504);
  const { msg } = await server.logged(codeOf("OFFLOOP_THREAD_STUCK"));
  assert.match(
    msg,
    /GET \/breakpoint is inside a native call or at a breakpoint there, .*\n.*\n {2}fix let the debugger go on, or /,
  );
  resume();
  assert.equal((await client.ask("/short")).status, 200);
});

/** Enables the debugger of every thread. What it returns lets them go on. */
async function attachToThreads(session: inspector.Session): Promise<() => void> {
  session.connect();
  const attached: string[] = [];
  const send = (sessionId: string, method: string): void =>
    session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify({ id: 1, method }) });
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId } }) => {
    attached.push(sessionId);
    send(sessionId, "Debugger.enable");
  });
  const answers = on(session, "NodeWorker.receivedMessageFromWorker");
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  let enabled = 0;
  for await (const [{ params }] of answers)
    if (JSON.parse(params.message).id === 1 && ++enabled === attached.length) break;
  return () => {
    for (const sessionId of attached) send(sessionId, "Debugger.resume");
  };
}

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
