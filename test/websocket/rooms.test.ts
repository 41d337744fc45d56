import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type SocketClosing, serve } from "offloop";
import { type TestClient, type TestSocket, testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane, running } from "../fixtures/running.ts";
import { openRaw } from "./raw-client.ts";
import app, { live } from "./rooms-app.ts";

const module = new URL("./rooms-app.ts", import.meta.url);

/** A test of every way a client has: in the process and through a socket. */
function eachWay(name: string, body: (client: TestClient) => Promise<void>): void {
  for (const socket of [false, true])
    test(`${name} [${socket ? "socket" : "process"}]`, async () => {
      await using client = await testClient(module, { socket, logger: memoryLog().logger });
      await body(client);
    });
}

/** How many servers each websocket of an app is bound to. */
const bound = (of: App): number[] => of.declaredSockets().map(({ rooms }) => rooms.all.length);

const text = async (socket: TestSocket): Promise<string> =>
  (await socket.receiveJson<{ text: string }>()).text;

eachWay("rooms: what an operation sends reaches everyone in the room, and no other room", async (client) => {
  await using first = await client.websocket("/rooms/tea");
  await using second = await client.websocket("/rooms/tea");
  await using elsewhere = await client.websocket("/rooms/milk");
  assert.equal((await client.post("/loop/notes/tea", { headers: { "x-text": "hello" } })).status, 201);
  for (const socket of [first, second])
    assert.deepEqual(await socket.receiveJson(), { text: "hello", likes: 0 });
  await client.post("/loop/notes/milk", { headers: { "x-text": "for milk" } });
  assert.equal(await text(elsewhere), "for milk");
});

eachWay("rooms: a message's handler sends to its own socket, too", async (client) => {
  await using first = await client.websocket("/rooms/tea");
  await using second = await client.websocket("/rooms/tea");
  first.send("hello");
  assert.equal(await text(first), "hello");
  assert.equal(await text(second), "hello");
});

eachWay("rooms: a socket that is closed has left, and an empty room is no error", async (client) => {
  const socket = await client.websocket("/rooms/tea");
  await using stays = await client.websocket("/rooms/tea");
  await socket.close();
  assert.equal((await client.post("/loop/notes/tea")).status, 201);
  assert.equal(await text(stays), "");
  assert.equal((await client.post("/loop/notes/nobody")).status, 201);
});

eachWay("rooms: close knows the rooms that its socket has left", async (client) => {
  await using stays = await client.websocket("/left/tea");
  await (await client.websocket("/left/tea")).close();
  assert.equal(await stays.receive(), "left tea");
});

test("rooms: a message that does not fit is an error of whoever sends it, and nobody gets it", async () => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  await using socket = await client.websocket("/rooms/tea");
  assert.equal((await client.post("/lies/tea")).status, 500);
  await log.find(/Cannot send from WEBSOCKET \/rooms\/:room: .*rooms-app\.ts:\d+/s);
  await client.post("/loop/notes/tea", { headers: { "x-text": "next" } });
  assert.equal(await text(socket), "next");
});

for (const path of ["notes", "forgotten"])
  test(`rooms: on a thread there are no sockets, and the error says where and what to do [${path}]`, async () => {
    const log = memoryLog();
    await using client = await testClient(module, { logger: log.logger });
    assert.equal((await client.post(`/loop/${path}/tea`)).ok, true);
    assert.equal((await client.post(`/thread/${path}/tea`)).status, 500);
    const said = await log.find(/Cannot send to a room/);
    assert.match(said, /Cannot send to a room of WEBSOCKET \/rooms\/:room from a thread/);
    assert.match(said, /rooms-app\.ts:\d+:\d+/);
    assert.match(said, /make the function async, or add an async task that sends: background\.add\(task/);
  });

eachLane("rooms: an async task that an operation adds to background reaches the room", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket("/rooms/tea");
  await client.post(`/${lane}/tasks/tea`);
  assert.deepEqual(await socket.receiveJson(), { text: "of a task", likes: 0 });
});

eachLane("rooms: a durable async task that runs in this process reaches the room", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket("/rooms/tea");
  assert.equal((await client.post(`/${lane}/jobs/tea`)).ok, true);
  await client.jobs.drain();
  assert.deepEqual(await socket.receiveJson(), { text: "of a job", likes: 0 });
});

eachWay("rooms: of a router that is included twice and mounted, everyone is reached", async (client) => {
  for (const path of ["/first", "/second", "/inner"]) {
    await using socket = await client.websocket(`${path}/live/tea`);
    await client.post("/loop/everywhere/tea");
    assert.equal(await socket.receive(), "everywhere");
  }
  await using first = await client.websocket("/first/live/tea");
  await using second = await client.websocket("/second/live/tea");
  await using inner = await client.websocket("/inner/live/tea");
  await client.post("/loop/everywhere/tea");
  for (const socket of [first, second, inner]) assert.equal(await socket.receive(), "everywhere");
});

test("rooms: every server of the process is reached while it is open, and none is kept afterwards", async () => {
  await live.to("tea").send({ text: "before anything is served" });
  const first = await testClient(app);
  const second = await testClient(app, { socket: true });
  const one = await first.websocket("/rooms/tea");
  await using other = await second.websocket("/rooms/tea");
  await live.to("tea").send({ text: "both" });
  assert.deepEqual([await text(one), await text(other)], ["both", "both"]);
  await first.close();
  await live.to("tea").send({ text: "one" });
  assert.equal(await text(other), "one");
  await second.close();
  await live.to("tea").send({ text: "nobody" });
  assert.deepEqual(new Set(bound(app)), new Set([0]));
});

test("rooms: a server that cannot start keeps nothing", async () => {
  const served = new App();
  served.websocket("/", async () => {});
  const server = await running(served);
  const again = serve(served, { port: server.port, signals: false, logger: memoryLog().logger });
  await assert.rejects(again, { code: "OFFLOOP_PORT_UNAVAILABLE" });
  assert.deepEqual(bound(served), [1]);
  await server.close();
  assert.deepEqual(bound(served), [0]);
});

test("rooms: nobody waits for a slow reader, which is closed with 1008 past its bound", async () => {
  const flood = new App();
  const { promise: closed, resolve } = Promise.withResolvers<SocketClosing>();
  const live = flood.websocket("/", {
    open: async ({ socket }) => socket.join("all"),
    message: async () => undefined,
    close: async ({ code, reason }) => resolve({ code, reason }),
  });
  flood.post("/", async () => {
    for (let sent = 0; sent < 1_000; sent++) await live.to("all").send("x".repeat(64 * 1024));
    return "answered";
  });
  const server = await running(flood, { websockets: { maxBufferBytes: 256 * 1024 } });
  const slow = await openRaw(server.url, "/");
  slow.raw.socket.pause();
  const response = await fetch(server.url, { method: "POST" });
  assert.equal(await response.json(), "answered");
  const { code, reason } = await closed;
  assert.equal(code, 1008);
  assert.match(reason, /has not taken \d+ bytes/);
  slow.end();
  await server.close();
});

eachLane("rooms: urlFor makes the URL of a websocket", async (lane) => {
  await using client = await testClient(module, { trustProxy: true, rootPath: "/api" });
  assert.equal(await (await client.get(`/${lane}/urls`)).json(), "ws://testserver/api/rooms/tea");
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "shop.example" };
  const secure = await client.get(`/${lane}/urls`, { headers });
  assert.equal(await secure.json(), "wss://shop.example/api/rooms/tea");
  assert.equal(app.urlFor(live, { room: "green tea" }), "/rooms/green%20tea");
});
