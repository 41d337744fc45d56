import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import compress from "@fastify/compress";
import { App } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import { serveBodies } from "../fixtures/body-servers.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane } from "../fixtures/running.ts";

const item = JSON.stringify({ name: "tea", price: 1 });
const upload = "--x\r\nContent-Disposition: form-data; name=upload\r\n\r\ntea\r\n--x--\r\n";

/** What an operation would parse. */
const parsed = [
  { path: "/items", type: "application/json", body: item },
  { path: "/up", type: "application/x-www-form-urlencoded", body: "upload=tea" },
  { path: "/up", type: "multipart/form-data; boundary=x", body: upload },
];
const packings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

const urlOf = serveBodies();

for (const { path, type, body } of parsed) {
  eachLane(`a packed body of ${type} that nobody unpacks is a 415, whatever its coding`, async (lane) => {
    const url = `${urlOf(path)}/${lane}${path}`;
    for (const [coding, pack] of Object.entries(packings)) {
      const headers = { "content-type": type, "content-encoding": coding };
      const response = await fetch(url, { method: "POST", headers, body: pack(body) });
      assert.equal(response.status, 415, coding);
      assert.equal(response.headers.get("accept-encoding"), "identity");
      assert.deepEqual(await response.json(), { detail: "Unsupported Content-Encoding" });
    }
    for (const coding of ["identity", " Identity ", ""]) {
      const headers = { "content-type": type, "content-encoding": coding };
      assert.equal((await fetch(url, { method: "POST", headers, body })).status, 200, coding);
    }
  });

  eachLane(`requests behind a packed body of ${type} are answered`, async (lane) => {
    const socket = await openSocket(urlOf(path));
    const head = `POST /${lane}${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n`;
    const packed = gzipSync(body);
    socket.send(
      Buffer.concat([
        Buffer.from(`${head}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`),
        packed,
        Buffer.from(`${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      ]),
    );
    const statuses = [...(await socket.ended()).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code);
    assert.deepEqual(statuses, ["415", "200"]);
  });
}

test("what nobody parses stays packed", async () => {
  const app = new App();
  app.post("/bytes", async ({ request }) => Buffer.from(request.bytes));
  app.put("/stream", { body: "stream" }, async ({ request }) => buffer(request.stream()));
  await using client = await testClient(app);
  const packed = gzipSync(item);
  const request = {
    headers: { "content-encoding": "gzip", "content-type": "application/json" },
    body: packed,
  };
  assert.equal(await (await client.post("/bytes", request)).json(), packed.toString("base64"));
  assert.equal(await (await client.put("/stream", request)).json(), packed.toString("base64"));
});

test("what a plugin has unpacked is parsed", async () => {
  const app = new App();
  app.register(compress);
  const Item = z.object({ name: z.string(), price: z.number() });
  app.post("/items", { body: Item }, async ({ body }) => body.name);
  app.post("/up", { form: { upload: z.string() } }, async ({ form }) => form.upload);
  await using client = await testClient(app);
  for (const { path, type, body } of parsed) {
    const headers = { "content-encoding": "gzip", "content-type": type };
    assert.equal(await (await client.post(path, { headers, body: gzipSync(body) })).json(), "tea");
  }
});
