import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before } from "node:test";
import { type Client, createClient } from "../fixtures/client.ts";
import app from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
let client: Client;

before(async () => {
  server = await running(app, { accessLog: false });
  client = createClient(server.url);
});
after(async () => {
  await assertNextRequests(server.url);
  client.close();
  await server.close();
});

for (const value of [
  "a%0d%0aset-cookie: b=1",
  "a%0aset-cookie: b=1",
  "a%0d%0a%0d%0a<html>",
  "%00",
  "%01",
  "%7f",
  "%e2%82%ac",
]) {
  eachLane(`result: a reply header with ${value} is a 500 that carries none of it`, async (lane) => {
    const { status, headers, body } = await client.ask(
      `/${lane}/header?value=${value.replaceAll(" ", "%20")}`,
    );
    assert.equal(status, 500);
    assert.equal(body.toString(), '{"detail":"Internal Server Error"}');
    assert.equal(headers["x-echo"], undefined);
    assert.equal(headers["set-cookie"], undefined);
  });
}

eachLane("result: a handler cannot say how its body is framed", async (lane) => {
  const length = await client.ask(`/${lane}/header?name=content-length&value=1`);
  assert.deepEqual(
    [length.status, length.headers["content-length"], length.body.toString()],
    [200, "4", '"ok"'],
  );
  const coding = await client.ask(`/${lane}/header?name=transfer-encoding&value=chunked`);
  assert.equal(coding.status, 500);
});

eachLane("result: 200 MB arrive whole, and others are answered meanwhile", async (lane) => {
  const megabytes = 200;
  let bytes = 0;
  let others = 0;
  await new Promise<void>((resolve, reject) => {
    get(`${server.url}/${lane}/bytes/${megabytes * 1_000_000}`, async (response) => {
      try {
        assert.equal(response.statusCode, 200);
        for await (const part of response) {
          bytes += (part as Buffer).length;
          if (bytes % 7 === 0) others += (await client.ask("/echo/thread/1")).status === 200 ? 1 : 0;
        }
        resolve();
      } catch (error) {
        reject(error);
      }
    }).on("error", reject);
  });
  assert.equal(bytes, megabytes * 1_000_000 + 2);
  assert.ok(others > 0);
});

eachLane("result: one that is longer than any string can be is a 500", async (lane) => {
  assert.equal((await client.ask(`/${lane}/bytes/600000000`)).status, 500);
});

for (const where of ["value", "map", "detail", "thrown"])
  eachLane(`result: one that is nested too deeply for JSON is a 500 (${where})`, async (lane) => {
    const seen = server.log.length;
    const { status, headers, body } = await client.ask(`/${lane}/nested/${where}`);
    assert.deepEqual([status, body.toString()], [500, '{"detail":"Internal Server Error"}']);
    assert.equal(headers["x-own"], undefined);
    await server.logged((entry) => server.log.indexOf(entry) >= seen && entry.level === 50);
    assert.ok(server.log.every(({ code }) => code !== "OFFLOOP_THREAD_EXITED"));
  });
