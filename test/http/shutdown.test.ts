import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { App, sse } from "offloop";
import { WebSocket } from "ws";
import { appFolder } from "../fixtures/app-folder.ts";
import app from "../fixtures/apps/shutdown.ts";
import { command, fixture, listening, offloop } from "../fixtures/cli.ts";
import { journal } from "../fixtures/journal.ts";
import left, { door, entered, LIFESPAN_CLOSED, TASK_RAN, WORKED } from "../fixtures/left-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, running } from "../fixtures/running.ts";

test("SIGTERM: a running request is finished, new connections are refused, exit code 0", async () => {
  const command = offloop("run", fixture("shutdown.ts"), "--port", "0");
  const url = await listening(command);
  const answer = fetch(`${url}/request/300`);
  await command.line(/request started/);
  command.child.kill("SIGTERM");
  await command.line(/SIGTERM: shutting down/);
  await assert.rejects(fetch(url));
  assert.equal(await (await answer).json(), "finished");
  assert.equal((await command.ended()).code, 0);
});

test("SIGHUP: a running request is finished, however often the signal comes, exit code 0", async () => {
  const hungUp = offloop("run", fixture("shutdown.ts"), "--port", "0");
  const url = await listening(hungUp);
  const answer = fetch(`${url}/request/500`);
  await hungUp.line(/request started/);
  await hungUp.insist("SIGHUP");
  assert.equal(await (await answer).json(), "finished");
  const { code, output } = await hungUp.ended();
  assert.equal(code, 0);
  assert.match(output, /SIGHUP: shutting down/);
});

test("SIGHUP: a module that serves itself shuts down, exit code 0", async () => {
  const served = command([fixture("self-served.ts")]);
  await served.line(/^main 0 http/);
  served.child.kill("SIGHUP");
  assert.equal((await served.ended()).code, 0);
});

test("close(): a request that comes on an open connection is answered, and the connection ends with it", async () => {
  const server = await running(app);
  const raw = await openSocket(server.url);
  const [begun, rest] = ["GET / HT", "TP/1.1\r\nHost: a\r\n\r\n"];
  // In one piece: with the first answer, the second request has begun.
  raw.send(`${begun}${rest}${begun}`);
  await raw.until((received) => received.endsWith('"ok"'));
  const closed = server.close();
  raw.send(rest);
  assert.match(await raw.ended(), /"ok"HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*"ok"$/i);
  await closed;
});

test("SIGTERM: background tasks are finished", async () => {
  const command = offloop("run", fixture("shutdown.ts"), "--port", "0");
  await fetch(`${await listening(command)}/brief`);
  command.child.kill("SIGTERM");
  const { code, output } = await command.ended();
  assert.equal(code, 0);
  assert.match(output, /brief task ended/);
});

test("SIGTERM: a block that is just over is logged before the process ends", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
app.get("/last", async () => {
  process.kill(process.pid, "SIGTERM");
  const end = performance.now() + 300;
  while (performance.now() < end);
  return "last";
});
export default app;
`,
  });
  for (let round = 0; round < 3; round++) {
    const command = offloop("run", folder.path("app.ts"), "--port", "0");
    const answer = await fetch(`${await listening(command)}/last`);
    assert.equal(await answer.json(), "last");
    const { code, output } = await command.ended();
    assert.equal(code, 0);
    // Whether it is put down to the code or to a busy machine: it is told.
    assert.match(
      output,
      /event loop (blocked for \d+ ms \(computing.* by GET \/last at .*app\.ts:6:|held up for \d+ ms \(starved\))/,
    );
    assert.match(output, /shut down/);
  }
});

test("a second signal ends the process at once", async () => {
  const command = offloop("run", fixture("shutdown.ts"), "--port", "0");
  await fetch(`${await listening(command)}/endless`);
  command.child.kill("SIGTERM");
  await command.line(/SIGTERM: shutting down/);
  await command.insist("SIGTERM");
  assert.equal(command.child.signalCode, "SIGTERM");
});

for (const path of ["endless", "endless-on-loop"]) {
  test(`close(): past shutdownGraceMs the tasks of /${path} are abandoned by name`, async () => {
    const server = await running(app, { shutdownGraceMs: 50 });
    await fetch(`${server.url}/${path}`);
    await server.close();
    const entry = server.log.find(({ tasks }) => tasks !== undefined);
    assert.deepEqual(entry?.tasks, path === "endless" ? ["endless", "brief"] : ["endless on loop"]);
    assert.match(String(entry?.msg), /not finished within 50 ms/);
  });
}

test("close(): a request that does not finish is abandoned by name", async () => {
  const server = await running(app, { shutdownGraceMs: 50 });
  const answer = fetch(`${server.url}/request/60000`).then(
    (response) => response.status,
    () => "no answer",
  );
  while (server.threads.busy === 0) await fetch(server.url);
  await server.close();
  assert.ok(["no answer", 500].includes(await answer));
  assert.ok(server.log.some(({ operation, requests }) => operation === "GET /request/:ms" && requests === 1));
});

eachLane("close(): waits for an operation whose client has gone, and for its tasks", async (lane) => {
  entered.reset();
  door.reset();
  journal.clear();
  const server = await running(left, { shutdownGraceMs: 3_600_000 });
  const client = await openSocket(server.url);
  client.send(`POST /${lane}/work HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
  await entered.arrived(1);
  client.socket.destroy();
  await server.logged(({ status }) => status === 499);
  const closed = server.close();
  for (let turns = 0; turns < 200; turns++) await nextTurn();
  door.arrive();
  await closed;
  const done = journal.lines().map(({ what }) => what);
  assert.deepEqual(done, [WORKED, TASK_RAN, LIFESPAN_CLOSED]);
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 50),
    [],
  );
});

/** Resolves when a server that closes accepts no more: whatever was open has been told to go. */
async function refusing(url: string): Promise<void> {
  for (;;) {
    try {
      await (await fetch(url)).text();
    } catch {
      return;
    }
  }
}

test("close(): a socket whose handshake is still under way is closed with 1001 once it is open", async () => {
  const { promise: door, resolve: open } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const late = new App();
  late.get("/", async () => "ok");
  late.websocket("/late", {
    open: async () => {
      enter();
      await door;
    },
    message: async () => {},
  });
  const server = await running(late, { shutdownGraceMs: 3_600_000 });
  const client = new WebSocket(`${server.url.replace("http", "ws")}/late`);
  const ended = once(client, "close");
  await entered;
  const closed = server.close();
  await refusing(server.url);
  open();
  assert.equal(((await ended) as [number])[0], 1001);
  await closed;
});

test("close(): an event stream that a running request opens only now ends", async () => {
  const { promise: door, resolve: open } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const late = new App();
  late.get("/", async () => "ok");
  late.get("/late", async ({ signal }) => {
    enter();
    await door;
    return sse(
      (async function* () {
        yield "first";
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      })(),
    );
  });
  const server = await running(late, { shutdownGraceMs: 3_600_000 });
  const answer = fetch(`${server.url}/late`).then((response) => response.text());
  await entered;
  const closed = server.close();
  await refusing(server.url);
  open();
  await answer;
  await closed;
});

test("close(): does not wait for a connection on which nothing has come", async () => {
  const server = await running(app, { shutdownGraceMs: 3_600_000 });
  const raw = await openSocket(server.url);
  await server.close();
  assert.equal(await raw.ended(), "");
});

test("close(): a connection that brings its first request only now is answered", async () => {
  const server = await running(app, { shutdownGraceMs: 3_600_000 });
  const raw = await openSocket(server.url);
  const closed = server.close();
  raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(await raw.ended(), /^HTTP\/1\.1 200 [\s\S]*"ok"$/);
  await closed;
});

test("close(): events in answer to a POST go on to their end, those in answer to a GET do not", async () => {
  const { promise: door, resolve: open } = Promise.withResolvers<void>();
  const both = new App();
  async function* events(signal: AbortSignal): AsyncGenerator<string> {
    yield "first";
    await Promise.race([door, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
    yield "last";
  }
  both.get("/events", async ({ signal }) => sse(events(signal)));
  both.post("/events", async ({ signal }) => sse(events(signal)));
  const server = await running(both, { shutdownGraceMs: 3_600_000 });
  const ask = async (method: string): Promise<() => Promise<string>> => {
    const response = await fetch(`${server.url}/events`, { method });
    return () => response.text();
  };
  const [got, posted] = [await ask("GET"), await ask("POST")];
  const closed = server.close();
  assert.equal(await got(), 'data: "first"\n\n');
  open();
  assert.equal(await posted(), 'data: "first"\n\ndata: "last"\n\n');
  await closed;
});

test("close(): lets the signals be, however often an app is served", async () => {
  const listeners = (): number[] =>
    ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => process.listenerCount(signal));
  const before = listeners();
  for (let round = 0; round < 3; round++) {
    const server = await running(app, { signals: true });
    assert.notDeepEqual(listeners(), before);
    await server.close();
    assert.deepEqual(listeners(), before);
  }
});

test("close(): called twice it closes once; nothing keeps the process alive", async () => {
  const server = await running(app);
  assert.equal(server.close(), server.close());
  await server.close();
  await assert.rejects(fetch(server.url));
});
