import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import app, { closings, doors, holdLoop, MAX_PIPELINED, most } from "../fixtures/pipelined-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

const MANY = 2_000;
const THREADS = 2;

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false, threads: { max: THREADS, reserve: 0, maxQueue: MANY } });
});
after(() => server.close());
beforeEach(() => {
  for (const door of [doors.loop, doors.thread, closings]) door.reset();
  most.count = 0;
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** The bodies of answers of JSON that end their connection's text. */
function answersIn(received: string): string[] {
  return received.split(/HTTP\/1\.1 200 OK[\s\S]*?\r\n\r\n/).slice(1);
}

test("of one connection no more than maxPipelined run beside the one before them, and all are answered in order", async () => {
  const release = holdLoop();
  const socket = await openSocket(server.url);
  socket.send(Array.from({ length: MANY }, (_, n) => get(`/loop/wait/${n}`)).join(""));
  await doors.loop.arrived(MAX_PIPELINED + 1);
  // Others are answered meanwhile: whatever came with the first of these requests has been looked at by then.
  for (let n = 0; n < 20; n++) assert.equal((await fetch(`${server.url}/items/a`)).status, 200);
  assert.equal(doors.loop.count, MAX_PIPELINED + 1);
  release();
  const received = await socket.until((text) => text.endsWith(`"${MANY - 1}"`));
  assert.deepEqual(
    answersIn(received),
    Array.from({ length: MANY }, (_, n) => `"${n}"`),
  );
  assert.equal(most.count, MAX_PIPELINED + 1);
  socket.socket.destroy();
});

test("plain operations that are pipelined wait as the others do, and are answered in order", async () => {
  const count = 200;
  const socket = await openSocket(server.url);
  socket.send(Array.from({ length: count }, (_, n) => get(`/thread/wait/${n}`)).join(""));
  await doors.thread.arrived(THREADS);
  assert.equal(doors.thread.count, THREADS);
  assert.ok(server.threads.waiting < MAX_PIPELINED, `${server.threads.waiting} wait`);
  doors.thread.open();
  const received = await socket.until((text) => text.endsWith(`"${count - 1}"`));
  assert.deepEqual(
    answersIn(received),
    Array.from({ length: count }, (_, n) => `"${n}"`),
  );
  socket.socket.destroy();
});

test("a body among pipelined requests is read when its turn comes", async () => {
  const release = holdLoop();
  const socket = await openSocket(server.url);
  const body = "x".repeat(100_000);
  const post = `POST /items/b HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const count = MAX_PIPELINED * 3;
  socket.send(get("/first") + Array.from({ length: count }, () => post).join(""));
  release();
  const received = await socket.until((text) => text.split('"b"').length === count + 1);
  assert.equal(answersIn(received).length, count + 1);
  socket.socket.destroy();
});

test("a client that leaves while its pipelined requests wait: those are not begun", async () => {
  const release = holdLoop();
  const socket = await openSocket(server.url);
  socket.send(Array.from({ length: MANY }, (_, n) => get(`/loop/wait/${n}`)).join(""));
  await doors.loop.arrived(MAX_PIPELINED + 1);
  socket.socket.destroy();
  release();
  await closings.arrived(MAX_PIPELINED + 1);
  assert.equal((await fetch(`${server.url}/items/a`)).status, 200);
  assert.equal(doors.loop.count, MAX_PIPELINED + 1);
});

eachLane(
  "a client that leaves while its pipelined requests run: what each has left open is closed",
  async (lane) => {
    const release = holdLoop();
    const socket = await openSocket(server.url);
    const running = lane === "loop" ? MAX_PIPELINED + 1 : THREADS;
    socket.send(Array.from({ length: running }, (_, n) => get(`/${lane}/wait/${n}`)).join(""));
    await doors[lane].arrived(running);
    socket.socket.destroy();
    release();
    doors.thread.open();
    await closings.arrived(running);
  },
);

for (const [what, path] of [
  ["a path that is not there", "/nowhere"],
  ["a method that is not there", "/first"],
  ["a name that is empty", "/items/"],
  ["a path of a mounted app that is not there", "/inner/nowhere"],
  ["a method of a mounted app that is not there", "/inner/there"],
] as const)
  for (const [how, head] of [
    ["with a length", "Content-Length: 1000000\r\nContent-Type: application/json"],
    ["in chunks", "Transfer-Encoding: chunked"],
    ["as a form", "Content-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=x"],
  ] as const)
    test(`${what} is refused before its body has come, ${how}, and the connection goes on`, async () => {
      const socket = await openSocket(server.url);
      socket.send(`POST ${path} HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
      const received = await socket.until((text) => text.endsWith("}"));
      assert.match(received, /^HTTP\/1\.1 40[45] /);
      const rest = how === "in chunks" ? "5\r\nhello\r\n0\r\n\r\n" : "x".repeat(1_000_000);
      socket.send(rest + get("/items/next"));
      await socket.until((text) => text.endsWith('"next"'));
      socket.socket.destroy();
    });

test("two Host headers are refused, also when they say the same", async () => {
  for (const hosts of ["Host: a\r\nHost: b", "Host: a\r\nhost: a"]) {
    const socket = await openSocket(server.url);
    socket.send(`GET /items/a HTTP/1.1\r\n${hosts}\r\n\r\n`);
    const received = await socket.ended();
    assert.match(received, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\{"detail":"Bad Request"\}$/, hosts);
  }
});
