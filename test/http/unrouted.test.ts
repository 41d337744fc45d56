import assert from "node:assert/strict";
import { test } from "node:test";
import { App } from "offloop";
import { openSocket } from "../fixtures/raw-socket.ts";
import { running } from "../fixtures/running.ts";

/** What never reaches a route of the app: its head, and the status it is answered with. */
const unrouted: Readonly<Record<string, readonly [head: string, status: number]>> = {
  "no HTTP": ["nonsense", 400],
  "a URL that cannot be decoded": ["GET /%zz HTTP/1.1\r\nHost: a", 400],
  "a parameter that cannot be decoded": ["GET /items/%zz HTTP/1.1\r\nHost: a", 400],
  "HEAD of such a URL": ["HEAD /%zz HTTP/1.1\r\nHost: a", 400],
  "a path that is not there": ["GET /nowhere HTTP/1.1\r\nHost: a", 404],
  "a method that is not there": ["DELETE /items/1 HTTP/1.1\r\nHost: a", 405],
  "no Host": ["GET /items/1 HTTP/1.1", 400],
  "a handshake without Host": ["GET /items/1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket", 400],
  "two hosts": ["GET /items/1 HTTP/1.1\r\nHost: a\r\nHost: b", 400],
  "an unknown expectation": ["GET /items/1 HTTP/1.1\r\nHost: a\r\nExpect: tea", 417],
  "a head that is too large": [`GET /items/1 HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}`, 431],
};

for (const [what, [head, status]] of Object.entries(unrouted))
  test(`a request that reaches no route is logged once and counted once [${what}]`, async (t) => {
    const app = new App({ metrics: true });
    app.get("/items/:id", async ({ params }) => params.id);
    app.websocket("/items/:id", async () => {});
    const server = await running(app);
    t.after(() => server.close());
    const socket = await openSocket(server.url);
    socket.send(`${head}\r\n${head.includes("\r\n") ? "Connection: close\r\n" : ""}\r\n`);
    const received = await socket.ended();
    assert.match(received, new RegExp(`^HTTP/1.1 ${status} `));
    const id = /^x-request-id: (\S+)/im.exec(received)?.[1];
    const line = await server.logged((entry) => entry.status === status);
    assert.equal(line.reqId, id);
    assert.equal(server.log.filter((entry) => "status" in entry).length, 1);
    assert.deepEqual(await counts(server.url), [[String(status), 1]]);
  });

/** How often each status was counted, as a request or as what could not be read, but for the metrics' own. */
async function counts(url: string): Promise<[status: string, count: number][]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.matchAll(
    /^(?:http_server_request_duration_seconds_count|offloop_unread_requests_total)\{.*http_response_status_code="(\d+)".*\} (\d+)$/gm,
  );
  return [...found]
    .map(([, status, count]) => [String(status), Number(count)] as const)
    .filter(([, n]) => n > 0) as [string, number][];
}
