import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { App } from "offloop";
import { z } from "zod";
import { Pieces } from "../../src/http/pieces.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { type Running, running } from "../fixtures/running.ts";

const app = new App({ maxBodyBytes: 100_000 });
app.post("/loop", { body: z.string() }, async ({ body }) => body.length);
app.post("/thread", { body: z.string() }, ({ body }) => body.length);
app.post("/form", { form: { up: z.file() } }, async ({ form }) => form.up.size);
app.post("/bytes", async ({ request }) => request.bytes.length);
app.get("/next", async () => "next");

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

for (const [path, type, text, answer] of bodies)
  test(`POST ${path}: a body in pieces of one byte takes hardly more memory than one in a piece`, async () => {
    const accepted = Promise.withResolvers<Socket>();
    const onSocket = (message: unknown): void => accepted.resolve((message as { socket: Socket }).socket);
    subscribe("net.server.socket", onSocket);
    const client = await openSocket(server.url);
    const socket = await accepted.promise;
    unsubscribe("net.server.socket", onSocket);
    const before = queryObjects(Uint8Array, { format: "count" });
    const sent = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(text)}`;
    client.send(sent);
    while (socket.bytesRead < sent.length) await turn();
    const pieces = Number(queryObjects(Uint8Array, { format: "count" })) - Number(before);
    assert.ok(pieces < 5_000, `${pieces} pieces of ${text.length} bytes are kept`);
    client.send("0\r\n\r\n");
    assert.match(await client.ended(), new RegExp(`^HTTP/1.1 200 [^]*\r\n\r\n${answer}$`));
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
