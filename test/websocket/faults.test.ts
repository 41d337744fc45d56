import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type EventEmitter, on, once } from "node:events";
import { test } from "node:test";
import type { ServeOptions } from "offloop";
import { WebSocket } from "ws";
import { events } from "../fixtures/event-log.ts";
import { gate } from "../fixtures/gate.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import { CLOSE, closing, frame, handshake, openRaw, PING, PONG, TEXT } from "./raw-client.ts";
import app from "./sockets-app.ts";

async function served(options: ServeOptions = {}): Promise<AsyncDisposable & { readonly server: Running }> {
  const server = await running(app, options);
  return { server, [Symbol.asyncDispose]: () => server.close() };
}

test("a slow reader: what is not awaited is kept up to the bound, then the socket is closed with 1008", async () => {
  await using opened = await served({ websockets: { maxBufferBytes: 256 * 1024 } });
  const { server } = opened;
  events.clear();
  const client = await openRaw(server.url, "/hose");
  client.raw.socket.pause();
  client.send(frame(TEXT, "go"));
  const [said] = (await events.until("hose over")).filter((word) => word.startsWith("hose 1008"));
  const kept = Number(/(\d+) bytes$/.exec(said ?? "")?.[1]);
  assert(kept > 0 && kept <= 256 * 1024 + 14, said);
  client.end();
});

test("a slow reader: awaited sends wait for it, and it is gone within the idle time", async () => {
  await using opened = await served({ websockets: { idleMs: 500 } });
  const { server } = opened;
  events.clear();
  const client = await openRaw(server.url, "/flood");
  client.raw.socket.pause();
  const words = await events.until("flood over");
  const sent = words.filter((word) => word === "sent").length * 64 * 1024;
  assert(sent < 32 * 1024 * 1024, `${sent} bytes were taken for a client that reads nothing`);
  client.end();
});

test("a half-open client is gone within the idle time, one that answers pings is kept", async () => {
  await using opened = await served({ websockets: { idleMs: 400 } });
  const { server } = opened;
  events.clear();
  const alive = await openRaw(server.url, "/watched");
  const silent = await openRaw(server.url, "/watched");
  let pings = 0;
  const answering = (async () => {
    for (let got = await alive.next(); got !== undefined; got = await alive.next()) {
      if (got.opcode === PING) {
        pings++;
        alive.send(frame(PONG, got.payload));
      } else if (got.opcode === TEXT) return String(got.payload);
    }
    return "ended";
  })();
  await events.until("gone 1006");
  const heard = pings;
  while (pings < heard + 3) await once(alive.raw.socket, "data");
  alive.send(frame(TEXT, "still here"));
  assert.equal(await answering, "still here");
  assert.equal(events.read().filter((word) => word === "gone 1006").length, 1);
  assert.equal(await silent.closed(), undefined);
  alive.end();
});

for (const ahead of [[], [frame(TEXT, "ahead")], [frame(TEXT, "ahead"), frame(TEXT, "x".repeat(2_000))]])
  test(`a client that leaves before its handshake is answered is gone at once [${ahead.length} messages ahead]`, async () => {
    await using opened = await served();
    const { server } = opened;
    events.clear();
    const client = await openSocket(server.url);
    client.send(handshake("/whole/undecided"));
    await events.until("undecided");
    for (const message of ahead) client.send(message);
    client.socket.destroy();
    await events.until("aborted: The client has hung up");
  });

test("what a client sends before its handshake is answered is handled after it", async () => {
  await using opened = await served();
  const { server } = opened;
  const waits = gate(44);
  waits.reset();
  const client = await openSocket(server.url);
  client.send(Buffer.concat([Buffer.from(handshake("/whole/late/44")), frame(TEXT, "with it")]));
  await waits.arrived(1);
  client.send(frame(TEXT, "ahead"));
  await (await fetch(server.url)).text();
  client.send(frame(TEXT, "further ahead"));
  await (await fetch(server.url)).text();
  waits.arrive();
  await client.until((received) => received.includes("further ahead"));
  client.send(frame(TEXT, "afterwards"));
  const received = await client.until((received) => received.includes("afterwards"));
  assert.deepEqual(received.match(/with it|further ahead|ahead|afterwards/g), [
    ...["with it", "ahead", "further ahead", "afterwards"],
  ]);
  client.socket.destroy();
});

test("a client that is killed is gone", async () => {
  await using opened = await served();
  const { server } = opened;
  events.clear();
  const code = `const s = new WebSocket(${JSON.stringify(`${server.url.replace("http", "ws")}/watched`)}); s.onopen = () => console.log("open");`;
  const client = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(client.stdout, "data");
  client.kill("SIGKILL");
  await events.until("gone 1006");
});

test("a flood of pings whose answers nobody takes is cut off", async () => {
  await using opened = await served();
  const { server } = opened;
  events.clear();
  const client = await openRaw(server.url, "/watched");
  client.raw.socket.pause();
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(PING, "x".repeat(125))));
  const flood = (async () => {
    while (!client.raw.socket.destroyed && client.raw.socket.writable) {
      if (client.raw.socket.write(pings)) continue;
      await Promise.race([once(client.raw.socket, "drain"), once(client.raw.socket, "close")]).catch(
        () => {},
      );
    }
  })();
  await events.until("gone 1006");
  client.end();
  await flood;
});

test("a flood of messages is not read beyond the bound, and each is handled in its order", async () => {
  await using opened = await served({ websockets: { maxQueuedMessages: 4 } });
  const { server } = opened;
  const waits = gate(41);
  waits.reset();
  const client = new WebSocket(`${server.url.replace("http", "ws")}/thread/gated/41`);
  await once(client, "open");
  client.send("wait");
  await waits.arrived(1);
  const count = 20_000;
  for (let i = 0; i < count; i++) client.send(`${i} ${"x".repeat(1_000)}`);
  // What the system keeps is sent; then nothing goes any more, however long others are answered.
  let waiting = client.bufferedAmount;
  for (let before = 0; before !== waiting; waiting = client.bufferedAmount) {
    before = waiting;
    for (let turn = 0; turn < 100; turn++) await (await fetch(server.url)).text();
  }
  assert(waiting > 1_000_000, `${waiting} bytes are left`);
  waits.open();
  let next = 0;
  for await (const [data] of messages(client)) {
    if (String(data) === "wait") continue;
    assert.equal(Number(String(data).split(" ")[0]), next++);
    if (next === count) break;
  }
  client.terminate();
});

function messages(client: WebSocket): AsyncIterable<unknown[]> {
  return on(client as unknown as EventEmitter, "message");
}

eachLane("shutdown: sockets are closed with 1001, and what they need is closed", async (lane) => {
  const server = await running(app);
  events.clear();
  const client = await openRaw(server.url, `/${lane}/life`);
  assert.equal(String((await client.next())?.payload), "welcome");
  const whole = await openRaw(server.url, "/whole/waits");
  assert.equal(String((await whole.next())?.payload), "ready");
  const closed = server.close();
  assert.deepEqual(await client.closed(), { code: 1001, reason: "The server shuts down" });
  assert.equal((await whole.closed())?.code, 1001);
  client.send(frame(CLOSE, closing(1001)));
  whole.send(frame(CLOSE, closing(1001)));
  await closed;
  assert.deepEqual(
    events.read().filter((word) => word !== "aborted"),
    ["opens", "open", "close 1001 The server shuts down", "closes"],
  );
  assert(events.read().includes("aborted"));
});

test("shutdown: a message that is being handled is answered within the grace", async () => {
  const server = await running(app);
  const waits = gate(42);
  waits.reset();
  const client = await openRaw(server.url, "/thread/gated/42");
  client.send(frame(TEXT, "wait"), frame(TEXT, "never handled"));
  await waits.arrived(1);
  const closed = server.close();
  waits.open();
  assert.equal(String((await client.next())?.payload), "wait");
  assert.equal((await client.closed())?.code, 1001);
  client.send(frame(CLOSE, closing(1001)));
  await closed;
});

test("shutdown: a message that waits for a thread is answered within the grace", async () => {
  const server = await running(app, { threads: { max: 1, reserve: 0 } });
  const waits = gate(44);
  waits.reset();
  const first = await openRaw(server.url, "/thread/gated/44");
  const second = await openRaw(server.url, "/thread/gated/44");
  first.send(frame(TEXT, "wait"));
  await waits.arrived(1);
  second.send(frame(TEXT, "has waited"));
  while (server.threads.waiting === 0) await fetch(`${server.url}/nope`);
  const closed = server.close();
  waits.open();
  for (const [client, answer] of [
    [first, "wait"],
    [second, "has waited"],
  ] as const) {
    assert.equal(String((await client.next())?.payload), answer);
    assert.equal((await client.closed())?.code, 1001);
    client.send(frame(CLOSE, closing(1001)));
  }
  await closed;
});

test("shutdown: what does not end within the grace is cut off, and named in the log", async () => {
  const server = await running(app, { shutdownGraceMs: 100 });
  const waits = gate(43);
  waits.reset();
  const client = await openRaw(server.url, "/thread/gated/43");
  client.send(frame(TEXT, "wait"));
  await waits.arrived(1);
  const closed = server.close();
  assert.equal(await client.closed(), undefined);
  await closed;
  const { msg } = await server.logged(({ msg }) => msg.startsWith("abandoned 1 sockets"));
  assert.match(msg, /of WEBSOCKET \/thread\/gated\/:gate: not closed within 100 ms$/);
});

for (const [how, code] of [
  ["the client closes it", 3000],
  ["the client vanishes", 1006],
  ["a message does not fit", 1008],
] as const)
  test(`the access log has a line for a socket when it is closed, with the code [${how}]`, async () => {
    await using opened = await served();
    const { server } = opened;
    const client = await openRaw(server.url, "/loop/checked");
    if (code === 1006) client.end();
    else {
      client.send(code === 1008 ? frame(TEXT, "{}") : frame(CLOSE, closing(code)));
      assert.equal((await client.closed())?.code, code);
      client.send(frame(CLOSE, closing(code)));
    }
    const { msg, status, closeCode, clientGone } = await server.logged(({ url }) => url === "/loop/checked");
    assert.deepEqual(
      [msg, status, closeCode, clientGone],
      [`GET /loop/checked 101, closed with ${code}`, 101, code, undefined],
    );
  });
