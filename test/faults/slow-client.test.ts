import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { App, depends, stream, text } from "offloop";
import { StalledClients } from "../../src/http/connections/stalled-clients.ts";
import { connectInProcess } from "../../src/testing/connection.ts";
import app from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { type Running, running } from "../fixtures/running.ts";

const HEADERS_MS = 400;
const REQUEST_MS = 1_600;
const SEND_MS = 800;
const SOCKETS = 50;

let server: Running;

before(async () => {
  const connections = {
    headersTimeoutMs: HEADERS_MS,
    requestTimeoutMs: REQUEST_MS,
    sendTimeoutMs: SEND_MS,
  };
  server = await running(app, { accessLog: false, connections });
});
after(() => server.close());

/** Sends the start at once and then a byte at a time, for as long as it is let; gives what came back. */
async function drip({ start, rest }: Part): Promise<string> {
  const raw = await openSocket(server.url);
  raw.send(start);
  let sent = 0;
  const timer = setInterval(() => raw.send(rest[sent++ % rest.length] ?? ""), 20);
  const answer = await raw.ended();
  clearInterval(timer);
  return answer;
}

/** What of a request a client is slow with. */
interface Part {
  readonly start: string;
  readonly rest: string;
}

const post = "POST /thread/json HTTP/1.1\r\nHost: a\r\n";
const head: Part = { start: "GET /echo/loop/1 HTTP/1.1\r\nHost: a\r\nX-Slow: ", rest: "x" };
const body: Part = { start: `${post}Content-Length: 100000\r\n\r\n`, rest: "1" };

for (const [name, part] of [
  ["head", head],
  ["first line", { start: "GET /", rest: "x" }],
  ["body", body],
  ["chunked body", { start: `${post}Transfer-Encoding: chunked\r\n\r\n`, rest: "1\r\n1\r\n" }],
] as const)
  test(`slow client: ${SOCKETS} that drip their ${name} for ever get 408, others are served meanwhile`, async () => {
    const slow = Promise.all(Array.from({ length: SOCKETS }, () => drip(part)));
    await assertNextRequests(server.url);
    for (const answer of await slow) {
      assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert.match(answer, /\{"detail":"Request Timeout"\}$/);
    }
  });

test("slow client: a head has less time than a whole request", async () => {
  const ended: string[] = [];
  const note = async (name: string, part: Part): Promise<void> => {
    await drip(part);
    ended.push(name);
  };
  await Promise.all([note("body", body), note("head", head)]);
  assert.deepEqual(ended, ["head", "body"]);
});

test("slow client: one that sends nothing at all is ended too", async () => {
  const raw = await openSocket(server.url);
  assert.match(await raw.ended(), /^HTTP\/1\.1 408/);
});

/** More than the system takes of a write while nobody reads. */
const LARGE = "x".repeat(30_000_000);
const pieces = Array.from({ length: 30 }, (_, n) => LARGE.slice(n * 1_000_000, (n + 1) * 1_000_000));

/** An app with large answers, and how many of their dependencies are open. */
function createDownloads(): { app: App; closed: Promise<void> } {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const connection = depends(async function* () {
    yield "open";
    resolve();
  });
  const downloads = new App();
  downloads.get("/whole", { deps: { connection } }, async () => text(LARGE));
  downloads.get("/stream", { deps: { connection } }, async () => stream(pieces));
  downloads.get("/waits", { deps: { connection } }, async () =>
    stream(
      (async function* () {
        yield "first";
        await setTimeout(3 * SEND_MS);
        yield "last";
      })(),
    ),
  );
  return { app: downloads, closed };
}

for (const path of ["/whole", "/stream"]) {
  test(`slow client: one that takes nothing more of ${path} is cut, and what its request has open is closed`, async () => {
    const { app: downloads, closed } = createDownloads();
    const served = await running(downloads, { connections: { sendTimeoutMs: SEND_MS } });
    const raw = await openSocket(served.url);
    raw.socket.pause();
    raw.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await closed;
    raw.socket.resume();
    assert.ok((await raw.ended()).length < LARGE.length);
    await served.close();
  });

  test(`slow client: one that takes ${path} slowly gets all of it`, async () => {
    const { app: downloads } = createDownloads();
    const served = await running(downloads, { connections: { sendTimeoutMs: SEND_MS } });
    const raw = await openSocket(served.url);
    const begun = performance.now();
    let taken = 0;
    raw.socket.on("data", ({ length }: Buffer) => {
      taken += length;
      if (taken < LARGE.length / 12) return;
      taken = 0;
      raw.socket.pause();
      void setTimeout(SEND_MS / 4).then(() => raw.socket.resume());
    });
    raw.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.ok((await raw.ended()).length > LARGE.length);
    assert.ok(performance.now() - begun > 2 * SEND_MS);
    await served.close();
  });
}

test("slow client: one that has taken everything may wait for more", async () => {
  const { app: downloads } = createDownloads();
  const served = await running(downloads, { connections: { sendTimeoutMs: SEND_MS } });
  const raw = await openSocket(served.url);
  raw.send("GET /waits HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(await raw.ended(), /first[\s\S]*last/);
  await served.close();
});

test("slow client: time in which the loop was blocked counts for nothing", async () => {
  const listening = createServer().listen(0);
  await once(listening, "listening");
  const client = connect((listening.address() as AddressInfo).port);
  client.pause();
  const [socket] = (await once(listening, "connection")) as [Socket];
  socket.write(LARGE);
  const stalled = new StalledClients(SEND_MS);
  stalled.look([socket]);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SEND_MS);
  stalled.look([socket]);
  assert.equal(socket.destroyed, false);
  for (let looks = 0; looks < 5; looks++) stalled.look([socket]); // nothing is written between these
  assert.equal(socket.destroyed, true);
  client.destroy();
  listening.close();
});

test("slow client: a connection in the process that is taken from slowly is not stalled", async () => {
  const { client, server } = connectInProcess((make) => make());
  const stalled = new StalledClients(SEND_MS);
  const sockets = [server as Socket];
  for (let chunks = 0; chunks < 20; chunks++) server.write(Buffer.alloc(1_048_576));
  server.on("error", () => {});
  for (let looks = 0; looks < 10; looks++) {
    stalled.look(sockets);
    assert.equal(server.destroyed, false, `look ${looks}`);
    await once(client, "readable");
    client.read();
  }
  for (let looks = 0; looks < 6; looks++) stalled.look(sockets);
  assert.equal(server.destroyed, true);
});
