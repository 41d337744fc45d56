import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App } from "offloop";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closing,
  frame,
  handshake,
  openRaw,
  PING,
  PONG,
  type RawClient,
  TEXT,
} from "./raw-client.ts";
import app from "./sockets-app.ts";

/** RFC 6455 over raw sockets: what a server can get wrong. */
let server: Running;
before(async () => {
  server = await running(app, { websockets: { maxMessageBytes: 1_000 } });
});
after(() => server.close());

function echo(lane: string, first: readonly Uint8Array[] = []): Promise<RawClient> {
  return openRaw(server.url, `/${lane}/echo`, first);
}

eachLane("5.4: a fragmented message is one message, and control frames may come in between", async (lane) => {
  const client = await echo(lane);
  client.send(frame(TEXT, "one ", { fin: false }), frame(CONTINUATION, "two ", { fin: false }));
  client.send(frame(PING, "are you there"));
  assert.deepEqual(await client.next().then((got) => [got?.opcode, String(got?.payload)]), [
    PONG,
    "are you there",
  ]);
  client.send(frame(PONG, "unasked"), frame(CONTINUATION, "", { fin: false }), frame(CONTINUATION, "three"));
  assert.deepEqual(await client.next().then((got) => [got?.opcode, String(got?.payload)]), [
    TEXT,
    "one two three",
  ]);
  client.send(frame(BINARY, [1], { fin: false }), frame(CONTINUATION, [2]));
  assert.deepEqual(await client.next().then((got) => [got?.opcode, [...(got?.payload ?? [])]]), [
    BINARY,
    [1, 2],
  ]);
  client.end();
});

eachLane("5.4: a character may be cut in two by fragments, and frames by packets", async (lane) => {
  const client = await echo(lane);
  const text = Buffer.from("é€😀");
  client.send(frame(TEXT, text.subarray(0, 1), { fin: false }));
  const rest = frame(CONTINUATION, text.subarray(1));
  for (const byte of rest) client.send(Buffer.from([byte]));
  assert.equal(String((await client.next())?.payload), "é€😀");
  client.end();
});

eachLane("4.1: a message that comes with the handshake is not lost", async (lane) => {
  const client = await echo(lane, [frame(TEXT, "early"), frame(TEXT, "bird")]);
  assert.equal(String((await client.next())?.payload), "early");
  assert.equal(String((await client.next())?.payload), "bird");
  client.end();
});

eachLane("an empty message is a message", async (lane) => {
  const client = await echo(lane);
  client.send(frame(TEXT, ""));
  assert.deepEqual(await client.next().then((got) => [got?.opcode, got?.payload.length]), [TEXT, 0]);
  client.end();
});

/** What a client sends, and the code the server closes with. */
const faults: readonly (readonly [name: string, code: number, frames: readonly Uint8Array[]])[] = [
  ["7.4.1: a message that is too large", 1009, [frame(TEXT, "x".repeat(1_001))]],
  [
    "7.4.1: fragments that are too large together",
    1009,
    [frame(BINARY, new Uint8Array(600), { fin: false }), frame(CONTINUATION, new Uint8Array(600))],
  ],
  ["8.1: a text that is not UTF-8", 1007, [frame(TEXT, [0xc3, 0x28])]],
  ["8.1: a text that ends within a character", 1007, [frame(TEXT, [0xe2, 0x82])]],
  ["8.1: a surrogate", 1007, [frame(TEXT, [0xed, 0xa0, 0x80])]],
  ["5.1: a frame without a mask", 1002, [frame(TEXT, "plain", { masked: false })]],
  ["5.2: a reserved bit", 1002, [frame(TEXT, "x", { rsv: 4 })]],
  ["5.2: an opcode that does not exist", 1002, [frame(0x3, "x")]],
  ["5.2: a control opcode that does not exist", 1002, [frame(0xb, "x")]],
  ["5.5: a control frame in fragments", 1002, [frame(PING, "x", { fin: false })]],
  ["5.5: a control frame that is too long", 1002, [frame(PING, "x".repeat(126))]],
  ["5.4: a continuation of nothing", 1002, [frame(CONTINUATION, "x")]],
  ["5.4: a message within another", 1002, [frame(TEXT, "a", { fin: false }), frame(TEXT, "b")]],
  ["7.1.5: a close frame of one byte", 1002, [frame(CLOSE, [3])]],
  ["7.4: a close code that may not be sent", 1002, [frame(CLOSE, closing(1005))]],
  ["7.4: a close code for nobody", 1002, [frame(CLOSE, closing(999))]],
  ["5.5.1: a close reason that is not UTF-8", 1007, [frame(CLOSE, closing(1000, [0xff]))]],
];
for (const [name, code, frames] of faults)
  eachLane(`${name} closes with ${code}`, async (lane) => {
    const client = await echo(lane);
    client.send(...frames);
    assert.equal((await client.closed())?.code, code);
    client.end();
  });

eachLane("5.5.1: a close frame is answered with its code, and the connection ends", async (lane) => {
  for (const [sent, answer] of [
    [closing(1000, "done"), 1000],
    [closing(3999), 3999],
    [closing(1001), 1001],
    [Buffer.alloc(0), 1005],
  ] as const) {
    const client = await echo(lane);
    client.send(frame(CLOSE, sent));
    assert.equal((await client.closed())?.code, answer);
    assert.equal(await client.next(), undefined);
  }
});

eachLane("7.1.1: what comes after a close frame is not looked at", async (lane) => {
  const client = await echo(lane);
  client.send(frame(CLOSE, closing(1000)), frame(TEXT, "too late"), Buffer.from("not even a frame"));
  assert.equal((await client.closed())?.code, 1000);
});

eachLane("a message before a close frame is handled", async (lane) => {
  const { events } = await import("../fixtures/event-log.ts");
  events.clear();
  const client = await openRaw(server.url, `/${lane}/ordered`);
  client.send(frame(TEXT, "last words"), frame(CLOSE, closing(1000)));
  await events.until(`${lane} last words`);
});

test("4.2.2: the handshake is answered as the RFC's example is", async () => {
  const { head } = await echo("loop");
  assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  assert.doesNotMatch(head, /sec-websocket-(protocol|extensions)/i);
});

async function answerTo(bytes: string): Promise<string> {
  const raw = await openSocket(server.url);
  raw.send(bytes);
  const answer = await raw.until((received) => received.includes("\r\n\r\n"));
  raw.socket.destroy();
  return answer;
}

const handshakes: readonly (readonly [
  name: string,
  status: number,
  headers: Record<string, string | undefined>,
])[] = [
  ["names in any case", 101, { Upgrade: "WebSocket", Connection: "keep-alive, upgrade" }],
  ["an old version", 426, { "Sec-WebSocket-Version": "8" }],
  ["no version", 426, { "Sec-WebSocket-Version": undefined }],
  ["no key", 400, { "Sec-WebSocket-Key": undefined }],
  ["a key that is too short", 400, { "Sec-WebSocket-Key": "c2hvcnQ=" }],
  ["a subprotocol twice", 400, { "Sec-WebSocket-Protocol": "v1, v1" }],
  ["a subprotocol that is no token", 400, { "Sec-WebSocket-Protocol": "v 1" }],
  ["an unknown extension", 101, { "Sec-WebSocket-Extensions": "x-unknown; a=1" }],
  ["another upgrade", 404, { Upgrade: "h2c" }],
  ["no upgrade", 404, { Upgrade: undefined, Connection: "close" }],
];
for (const [name, status, headers] of handshakes)
  test(`4.2.1: a handshake with ${name} is answered with ${status}`, async () => {
    const answer = await answerTo(handshake("/loop/echo", headers));
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status === 426) assert.match(answer, /\r\nsec-websocket-version: 13\r\n/i);
  });

test("a handshake whose Upgrade a proxy has dropped gets 404, and the log says once what is missing", async () => {
  const app = new App();
  app.websocket("/rooms/:room", async ({ socket }) => {
    for await (const _ of socket);
  });
  const inner = new App();
  inner.websocket("/news", async ({ socket }) => {
    for await (const _ of socket);
  });
  app.mount("/inner", inner);
  const asked = await running(app, { rootPath: "/api" });
  const ask = (path: string, headers = {}): Promise<Response> => fetch(asked.url + path, { headers });
  const key = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  try {
    await ask("/rooms/tea"); // a browser's visit, not a handshake
    await ask("/nothing", key);
    for (const path of ["/api/rooms/tea?x=1", "/rooms/milk", "/api/inner/news"])
      assert.equal((await ask(path, key)).status, 404);
  } finally {
    await asked.close();
  }
  const warnings = asked.log.filter(({ level }) => level === 40);
  assert.deepEqual(
    warnings.map(({ operation }) => operation),
    ["WEBSOCKET /rooms/:room", "WEBSOCKET /inner/news"],
  );
  assert.match(String(warnings[0]?.msg), /arrived without its Upgrade header/);
});

test("a handshake that misses its websocket gets 404, and the log says once of each why", async () => {
  const app = new App();
  app.get("/items/:item", async () => "an item");
  app.websocket("/rooms/:room", { message: async () => {} });
  app.websocket("/news/", { message: async () => {} });
  const inner = new App();
  inner.get("/items", async () => "items");
  app.mount("/inner", inner);
  const asked = await running(app);
  const paths = ["/items/1", "/items/2", "/rooms/tea/", "/news", "/inner/items", "/nothing", "/"];
  try {
    for (const path of [...paths, "/socket.io/?EIO=4&transport=websocket"]) {
      const raw = await openSocket(asked.url);
      raw.send(handshake(path));
      assert.match(await raw.ended(), /^HTTP\/1\.1 404 /, path);
    }
  } finally {
    await asked.close();
  }
  const warnings = asked.log.filter(({ level }) => level === 40);
  assert.deepEqual(
    warnings.map(({ msg }) => msg),
    [
      "a handshake for GET /items/:item, which is no websocket, was answered with 404: declare one with app.websocket, or let the client ask with fetch",
      "a handshake missed WEBSOCKET /rooms/:room, which no redirect leads to: let the client ask for it without the slash at the end",
      "a handshake missed WEBSOCKET /news/, which no redirect leads to: let the client ask for it with a slash at the end",
      "a handshake for GET /inner/items, which is no websocket, was answered with 404: declare one with app.websocket, or let the client ask with fetch",
      "a handshake of Socket.IO, which is a protocol of its own, was answered with 404: let the client use new WebSocket(url)",
    ],
  );
});

test("an operation answers a request that offers another protocol", async () => {
  const answer = await answerTo(handshake("/", { Upgrade: "h2c", Connection: "Upgrade, HTTP2-Settings" }));
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test("RFC 9112, 3.2: a handshake with several Host lines is refused", async () => {
  const answer = await answerTo(handshake("/loop/echo").replace("Host: x", "Host: x\r\nhost: y"));
  assert.match(answer, /^HTTP\/1\.1 400 /);
});

test("a handshake that is not GET is none", async () => {
  const answer = await answerTo(handshake("/loop/echo").replace("GET", "POST"));
  assert.match(answer, /^HTTP\/1\.1 404 /);
});

test("a handshake right after a request that has been answered is answered", async () => {
  const raw = await openSocket(server.url);
  raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await raw.until((received) => received.endsWith('"hello"'));
  raw.send(handshake("/loop/echo"));
  await raw.until((received) => received.includes("101 Switching Protocols"));
  raw.socket.destroy();
});

test("a handshake behind a request that has not been answered does not mix with its answer", async () => {
  const raw = await openSocket(server.url);
  raw.send(`GET / HTTP/1.1\r\nhost: x\r\n\r\n${handshake("/loop/echo")}`);
  const received = await raw.until((text) => /"hello"[\s\S]*HTTP\/1\.1 \d+/.test(text));
  assert.match(received, /^HTTP\/1\.1 200 [\s\S]*"hello"HTTP\/1\.1 (404|101) /);
  raw.socket.destroy();
});

test("a refused handshake ends its connection", async () => {
  const raw = await openSocket(server.url);
  raw.send(handshake("/loop/user"));
  assert.match(
    await raw.ended(),
    /^HTTP\/1\.1 401 [\s\S]*connection: close[\s\S]*\{"detail":"Not authenticated"\}$/i,
  );
});
