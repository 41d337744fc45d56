import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import app from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { type Running, running } from "../fixtures/running.ts";

const HEADERS_MS = 400;
const REQUEST_MS = 800;
const SOCKETS = 50;

let server: Running;

before(async () => {
  const connections = { headersTimeoutMs: HEADERS_MS, requestTimeoutMs: REQUEST_MS };
  server = await running(app, { accessLog: false, connections });
});
after(() => server.close());

/** Sends the start at once and then a byte at a time; gives what came back and after how long. */
async function drip(start: string, rest: string): Promise<{ answer: string; ms: number }> {
  const began = performance.now();
  const raw = await openSocket(server.url);
  raw.send(start);
  let sent = 0;
  const timer = setInterval(() => raw.send(rest[sent++ % rest.length] ?? ""), 20);
  const answer = await raw.ended();
  clearInterval(timer);
  return { answer, ms: performance.now() - began };
}

for (const [part, start, rest, limitMs] of [
  ["head", "GET /echo/loop/1 HTTP/1.1\r\nHost: a\r\nX-Slow: ", "x", HEADERS_MS],
  ["first line", "GET /", "x", HEADERS_MS],
  ["body", "POST /thread/json HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", "1", REQUEST_MS],
  [
    "chunked body",
    "POST /thread/json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "1\r\n1\r\n",
    REQUEST_MS,
  ],
] as const) {
  test(`slow client: ${SOCKETS} that drip their ${part} get 408 within the limit, others are served meanwhile`, async () => {
    const slow = Promise.all(Array.from({ length: SOCKETS }, () => drip(start, rest)));
    await assertNextRequests(server.url);
    for (const { answer, ms } of await slow) {
      assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert.match(answer, /\{"detail":"Request Timeout"\}$/);
      assert.ok(ms >= limitMs && ms < 2 * limitMs, `${ms} ms`);
    }
  });
}

test("slow client: one that sends nothing at all is ended too", async () => {
  const raw = await openSocket(server.url);
  assert.match(await raw.ended(), /^HTTP\/1\.1 408/);
});
