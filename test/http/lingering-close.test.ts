import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before } from "node:test";
import { journal } from "../fixtures/journal.ts";
import { openSocket, type RawSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app from "../fixtures/small-bodies-app.ts";

/** More than a connection holds of what nobody reads. */
const BODY = Buffer.alloc(30_000_000, "x");
const SIZE = BODY.length.toString(16);

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false, shutdownGraceMs: 3_600_000 });
});
after(() => server.close());

const refused = [
  ["json", `POST /json`, `Content-Type: application/json\r\nContent-Length: ${BODY.length}`, ""],
  [
    "json in chunks",
    `POST /json`,
    "Content-Type: application/json\r\nTransfer-Encoding: chunked",
    `${SIZE}\r\n`,
  ],
  [
    "a form",
    `POST /form`,
    `Content-Type: multipart/form-data; boundary=x\r\nContent-Length: ${BODY.length}`,
    "",
  ],
  [
    "a form in chunks",
    `POST /form`,
    "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked",
    `${SIZE}\r\n`,
  ],
  ["a stream", `PUT /stream`, `Content-Length: ${BODY.length}`, ""],
] as const;

/** Sends a head, and the body without looking at what comes back. */
async function sent(url: string, head: string, body: Uint8Array): Promise<RawSocket> {
  const raw = await openSocket(url);
  raw.socket.pause();
  raw.send(`${head}\r\n\r\n`);
  await new Promise<void>((resolve, reject) => {
    raw.socket.write(body, (error) => (error ? reject(error) : resolve()));
  });
  raw.socket.resume();
  return raw;
}

for (const [what, line, headers, start] of refused)
  eachLane(`a client that sends ${what} whole before it reads gets the 413`, async (lane) => {
    const head = `${line.replace(" /", ` /${lane}/`)} HTTP/1.1\r\nHost: a\r\n${headers}`;
    const raw = await sent(server.url, head, Buffer.concat([Buffer.from(start), BODY]));
    assert.match(await raw.ended(), /^HTTP\/1\.1 413 [^\0]*connection: close[^\0]*\{"detail":"[^"]+"\}$/i);
  });

eachLane("a request behind a refused body is not run, since its connection ends", async (lane) => {
  journal.clear();
  const raw = await openSocket(server.url);
  raw.send(
    `POST /${lane}/json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n`,
  );
  await raw.until((text) => text.endsWith("}"));
  raw.send(`${"x".repeat(2000)}POST /${lane}/note HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
  assert.equal((await raw.ended()).split("HTTP/1.1 ").length, 2);
  assert.equal((await fetch(`${server.url}/${lane}/note`, { method: "POST" })).status, 200);
  assert.equal(journal.lines().length, 1);
});

eachLane("close() waits for no client that still sends what was refused", async (lane) => {
  const own = await running(app, { accessLog: false, shutdownGraceMs: 3_600_000 });
  const raw = await openSocket(own.url);
  raw.send(`POST /${lane}/json HTTP/1.1\r\nHost: a\r\n${refused[0][2]}\r\n\r\n`);
  await raw.until((text) => text.endsWith("}"));
  const ended = once(raw.socket, "close");
  await own.close();
  await ended;
});
