import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { App, sse } from "offloop";
import { z } from "zod";
import { Pieces } from "../../src/http/bodies/pieces.ts";
import { openSocket, type RawSocket } from "../fixtures/raw-socket.ts";
import { type Running, running } from "../fixtures/running.ts";

const app = new App({ maxBodyBytes: 100_000 });
app.post("/loop", { body: z.string() }, async ({ body }) => body.length);
app.post("/thread", { body: z.string() }, ({ body }) => body.length);
app.post("/form", { form: { up: z.file() } }, async ({ form }) => form.up.size);
app.post("/bytes", async ({ request }) => request.bytes.length);
app.get("/events", async ({ signal }) =>
  sse(
    (async function* () {
      yield "first";
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    })(),
  ),
);
app.post("/stream/loop", { body: "stream" }, async ({ request }) => {
  const hash = createHash("sha256");
  for await (const piece of request.stream()) hash.update(piece);
  return hash.digest("hex");
});
app.post("/stream/thread", { body: "stream" }, ({ request }) => {
  const hash = createHash("sha256");
  for (const piece of request.stream()) hash.update(piece);
  return hash.digest("hex");
});

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false });
});
after(() => server.close());

/** Text in chunks of one byte. */
function chunked(text: string): string {
  return [...text].map((byte) => `1\r\n${byte}\r\n`).join("");
}

const json = ["application/json", `"${"x".repeat(49_998)}"`] as const;
const form = [
  "multipart/form-data; boundary=b",
  `--b\r\ncontent-disposition: form-data; name="up"; filename="f"\r\n\r\n${"x".repeat(50_000)}\r\n--b--\r\n`,
] as const;
const bodies: readonly [path: string, type: string, text: string, answer: number][] = [
  ["/loop", ...json, 49_998],
  ["/thread", ...json, 49_998],
  ["/form", ...form, 50_000],
  ["/bytes", ...form, form[1].length],
];

/** A connection, as both sides have it. */
async function connected(): Promise<{ client: RawSocket; socket: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const onSocket = (message: unknown): void => accepted.resolve((message as { socket: Socket }).socket);
  subscribe("net.server.socket", onSocket);
  const client = await openSocket(server.url);
  const socket = await accepted.promise;
  unsubscribe("net.server.socket", onSocket);
  return { client, socket };
}

function buffers(): number {
  return Number(queryObjects(Uint8Array, { format: "count" }));
}

for (const [path, type, text, answer] of bodies)
  test(`POST ${path}: a body in pieces of one byte takes hardly more memory than one in a piece`, async () => {
    const { client, socket } = await connected();
    const before = buffers();
    const sent = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(text)}`;
    client.send(sent);
    while (socket.bytesRead < sent.length) await turn();
    await turn();
    const pieces = buffers() - before;
    assert.ok(pieces < 5_000, `${pieces} pieces of ${text.length} bytes are kept`);
    client.send("0\r\n\r\n");
    assert.match(await client.ended(), new RegExp(`^HTTP/1.1 200 [^]*\r\n\r\n${answer}$`));
  });

test("GET /events: a body that nobody reads is kept in few pieces", async () => {
  const { client, socket } = await connected();
  const before = buffers();
  const sent = `GET /events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked("x".repeat(50_000))}`;
  client.send(sent);
  await client.until((received) => received.includes('data: "first"'));
  while (socket.bytesRead < sent.length) await turn();
  await turn();
  const pieces = buffers() - before;
  assert.ok(pieces < 5_000, `${pieces} pieces of 50,000 bytes are kept`);
  client.socket.destroy();
});

for (const lane of ["loop", "thread"])
  test(`POST /stream/${lane}: chunks of any size arrive whole and in order, however they are cut on the way`, async () => {
    const sizes = [1, 1, 1_023, 1, 1_024, 1_025, 500, 1, 40_000, 1, ...Array(9_000).fill(2), 3, 2_000];
    const chunks = sizes.map((size, index) => String.fromCharCode(97 + (index % 26)).repeat(size));
    const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
    const { client } = await connected();
    const head = "Host: a\r\nConnection: close\r\nTransfer-Encoding: chunked";
    client.send(`POST /stream/${lane} HTTP/1.1\r\n${head}\r\n\r\n`);
    for (let at = 0; at < body.length; at += 7_001) {
      client.send(body.slice(at, at + 7_001));
      await turn();
    }
    client.send("0\r\n\r\n");
    const digest = createHash("sha256").update(chunks.join("")).digest("hex");
    assert.match(await client.ended(), new RegExp(`^HTTP/1.1 200 [^]*"${digest}"$`));
  });

for (const path of ["/loop", "/thread"])
  test(`POST ${path}: a body in pieces is refused past its bound, and where its length is not as announced`, async () => {
    const type = "Host: a\r\nConnection: close\r\nContent-Type: application/json";
    const large = await openSocket(server.url);
    large.send(`POST ${path} HTTP/1.1\r\n${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const kilobyte = `400\r\n${"1".repeat(1_024)}\r\n`;
    large.send(kilobyte.repeat(100));
    assert.match(await large.ended(), /^HTTP\/1\.1 413 /);
    const announced = await openSocket(server.url);
    announced.send(`POST ${path} HTTP/1.1\r\n${type}\r\nContent-Length: 100001\r\n\r\n`);
    assert.match(await announced.ended(), /^HTTP\/1\.1 413 /);
  });

test("pieces come back in order, whatever their lengths", () => {
  const pieces = new Pieces();
  const given = Array.from({ length: 3_000 }, (_, n) =>
    Buffer.from(`${n},`.repeat(n % 700 === 0 ? 2_000 : 1)),
  );
  for (const piece of given) pieces.add(piece);
  const taken = pieces.take();
  assert.ok(taken.length < given.length);
  assert.ok(Buffer.concat(taken).equals(Buffer.concat(given)));
  pieces.add(Buffer.from("again"));
  assert.equal(Buffer.concat(pieces.take()).toString(), "again");
  assert.deepEqual(pieces.take(), []);
});
