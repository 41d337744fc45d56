import assert from "node:assert/strict";
import { test } from "node:test";
import { type HandshakeRefused, type TestClient, testClient } from "offloop/testing";
import { events } from "../fixtures/event-log.ts";
import { gate } from "../fixtures/gate.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app from "./closing-app.ts";
import { CLOSE, closing, frame, handshake, openRaw, TEXT } from "./raw-client.ts";

const GATE = 50;

async function served(): Promise<AsyncDisposable & { readonly server: Running }> {
  const server = await running(app);
  events.clear();
  gate(GATE).reset();
  return { server, [Symbol.asyncDispose]: () => server.close() };
}

/** What was logged as an error by a server that has closed. */
function errorsOf({ log }: Running): string[] {
  return log.filter(({ level }) => level >= 50).map(({ msg }) => msg);
}

/** In the process and over a connection, on each lane. */
function eachWay(name: string, body: (lane: string, client: TestClient) => Promise<void>): void {
  for (const socket of [false, true])
    eachLane(`${name} [${socket ? "socket" : "process"}]`, async (lane) => {
      events.clear();
      await using client = await testClient(new URL("./closing-app.ts", import.meta.url), {
        socket,
        logger: memoryLog().logger,
      });
      await body(lane, client);
    });
}

for (const how of ["wait", "wait, send"])
  eachLane(`close is called for a client that leaves while open awaits [${how}]`, async (lane) => {
    const { server } = await served();
    const client = await openSocket(server.url);
    client.send(handshake(`/${lane}/counted/${GATE}?how=${how.replace(" ", "%20")}`));
    await gate(GATE).arrived(1);
    client.socket.destroy();
    await server.logged(({ status }) => status === 499);
    gate(GATE).arrive();
    assert.deepEqual(await events.until("closes"), [
      "opens",
      "open",
      "close 1006  held",
      "sees The client has hung up",
      "closes",
    ]);
    await server.close();
    assert.deepEqual(errorsOf(server), []);
  });

eachLane("close is called for a client that leaves while open awaits, having accepted it", async (lane) => {
  const { server } = await served();
  const client = await openRaw(server.url, `/${lane}/counted/${GATE}?how=accept,wait`);
  await gate(GATE).arrived(1);
  client.end();
  await server.logged(({ status }) => status === 101);
  gate(GATE).arrive();
  assert.deepEqual(await events.until("closes"), ["opens", "open", "close 1006  held", "closes"]);
  await server.close();
  assert.deepEqual(errorsOf(server), []);
});

for (const [how, code, reason, error] of [
  ["accept, refuse", 1008, "Not you", "Not you"],
  ["accept, fail", 1011, "", "of open"],
  ["replaced", 1011, "", "of open"],
] as const)
  eachWay(`close is called when open throws after it has accepted [${how}]`, async (lane, client) => {
    await using socket = await client.websocket(`/${lane}/counted/${GATE}`, { query: { how } });
    assert.deepEqual(await socket.closed, { code, reason });
    assert.deepEqual(await events.until("closes"), [
      "opens",
      "open",
      `close ${code} ${reason} held`,
      `sees ${error}`,
      "closes",
    ]);
  });

for (const [how, status] of [
  ["refuse", 409],
  ["close", 403],
  ["dependency", 409],
] as const)
  eachWay(`close is not called for a client that was refused [${how}]`, async (lane, client) => {
    await assert.rejects(
      client.websocket(`/${lane}/counted/${GATE}`, { query: { how } }),
      (error: HandshakeRefused) => error.response.status === status,
    );
    await client.close();
    assert.deepEqual(
      events.read().filter((word) => word.startsWith("close ")),
      [],
    );
  });

eachWay("close is called when the answer that open has prepared cannot be sent", async (lane, client) => {
  await assert.rejects(
    client.websocket(`/${lane}/counted/${GATE}`, { query: { how: "session" } }),
    (error: HandshakeRefused) => error.response.status === 500,
  );
  const words = await events.until("closes");
  assert.deepEqual(words.slice(0, 3), ["opens", "open", "close 1006  held"]);
});

for (const [message, code, reason] of [
  ["throw", 1011, ""],
  ["refuse", 1008, "Not that"],
] as const)
  eachWay(`close is called once when a message throws [${message}]`, async (lane, client) => {
    await using socket = await client.websocket(`/${lane}/counted/${GATE}`, { query: { how: "now" } });
    socket.send(message);
    assert.deepEqual(await socket.closed, { code, reason });
    assert.deepEqual(await events.until("closes"), [
      "opens",
      "open",
      `close ${code} ${reason} held`,
      "closes",
    ]);
  });

eachWay("close is called once after a deadline", async (lane, client) => {
  await using socket = await client.websocket(`/${lane}/late`);
  socket.send("?");
  assert.equal((await socket.closed).code, 1011);
  await client.close();
  assert.deepEqual(events.read(), ["close 1011"]);
});

for (const how of ["now", "accept,wait"])
  eachLane(`close is called once at a shutdown [${how}]`, async (lane) => {
    const { server } = await served();
    const client = await openRaw(server.url, `/${lane}/counted/${GATE}?how=${how}`);
    await events.until("open");
    const closed = server.close();
    gate(GATE).arrive();
    gate(GATE).arrive();
    assert.equal((await client.closed())?.code, 1001);
    client.send(frame(CLOSE, closing(1001)));
    await closed;
    assert.deepEqual(events.read(), ["opens", "open", "close 1001 The server shuts down held", "closes"]);
    assert.deepEqual(errorsOf(server), []);
  });

eachLane("a handler that awaits its signal when the server shuts down is nobody's error", async (lane) => {
  const { server } = await served();
  const client = await openRaw(server.url, `/${lane}/counted/${GATE}?how=now`);
  client.send(frame(TEXT, "wait"));
  await events.until("waits");
  const closed = server.close();
  assert.equal((await client.closed())?.code, 1001);
  client.send(frame(CLOSE, closing(1001)));
  await closed;
  assert.deepEqual(errorsOf(server), []);
});

eachLane("a handler that awaits its signal when its client leaves is nobody's error", async (lane) => {
  const { server } = await served();
  const client = await openRaw(server.url, `/${lane}/counted/${GATE}?how=now`);
  client.send(frame(TEXT, "wait"));
  await events.until("waits");
  client.end();
  assert.deepEqual((await events.until("closes")).slice(2), [
    "waits",
    "aborted",
    "close 1006  held",
    "closes",
  ]);
  await server.close();
  assert.deepEqual(errorsOf(server), []);
});

for (const [message, code] of [
  ["own", 3000],
  ["left", 1006],
] as const)
  test(`a send to a socket that is closed rejects, and is nobody's error [${message}]`, async () => {
    const { server } = await served();
    const client = await openRaw(server.url, "/loop/sends");
    client.send(frame(TEXT, message));
    await events.until("handles");
    if (message === "left") client.end();
    else {
      assert.equal((await client.closed())?.code, code);
      client.send(frame(CLOSE, closing(code)));
    }
    assert.deepEqual(await events.until(`close ${code}`), [
      "handles",
      "rejected AbortError",
      `close ${code}`,
    ]);
    await server.close();
    assert.deepEqual(errorsOf(server), []);
  });

test("a send of onInvalid to a socket that it has closed is nobody's error", async () => {
  const { server } = await served();
  const client = await openRaw(server.url, "/loop/invalid");
  client.send(frame(TEXT, "{}"));
  assert.equal((await client.closed())?.code, 1000);
  client.send(frame(CLOSE, closing(1000)));
  await events.until("close 1000");
  await server.close();
  assert.deepEqual(errorsOf(server), []);
});

test("an AbortError of something else, while the socket is open, is logged", async () => {
  const { server } = await served();
  const client = await openRaw(server.url, "/loop/own-abort");
  client.send(frame(TEXT, "?"));
  assert.equal((await client.closed())?.code, 1011);
  client.send(frame(CLOSE, closing(1011)));
  await server.close();
  assert.deepEqual(errorsOf(server), ["WEBSOCKET /loop/own-abort message failed: of another request"]);
});
