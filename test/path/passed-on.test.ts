import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before } from "node:test";
import { gzipSync } from "node:zlib";
import app from "../fixtures/passed-on-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

const short = "short";
const long = Array.from({ length: 50_000 }, (_, n) => `line ${n}`).join("\n");

/** Answers as `/<coding>/<length or chunked>/<short or long>` says. */
const upstream = createServer((request, response) => {
  const [, coding = "", framing, size] = (request.url ?? "").split("/");
  const text = size === "long" ? long : short;
  const body = coding === "gzip" ? gzipSync(text) : Buffer.from(text);
  if (coding !== "identity") response.setHeader("content-encoding", coding);
  if (framing === "length") response.setHeader("content-length", body.length);
  else response.setHeader("trailer", "x-sum");
  response.setHeader("upgrade", "h2c");
  response.setHeader("x-kept", "yes").write(body);
  response.end();
});
let server: Running;
let origin: string;

before(async () => {
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  server = await running(app, { accessLog: false, logLevel: "silent" });
});
after(async () => {
  await server.close();
  upstream.closeAllConnections();
  upstream.close();
});

const ask = (path: string): Promise<Response> => fetch(server.url + path);

eachLane("reply: a fetched response arrives as it is, whatever its coding and framing were", async (lane) => {
  for (const coding of ["identity", "gzip"])
    for (const framing of ["length", "chunked"])
      for (const [size, text] of [
        ["short", short],
        ["long", long],
      ]) {
        const url = `${origin}/${coding}/${framing}/${size}`;
        const response = await ask(`/${lane}/fetched?url=${encodeURIComponent(url)}`);
        assert.equal(response.status, 200, url);
        assert.equal(response.headers.get("x-kept"), "yes");
        for (const name of ["content-encoding", "trailer", "upgrade"])
          assert.equal(response.headers.get(name), null, `${name} of ${url}`);
        assert.equal(await response.text(), text, url);
      }
});

eachLane("reply: a fetched response in a coding that fetch leaves alone keeps it", async (lane) => {
  const url = encodeURIComponent(`${origin}/x-own/length/short`);
  const response = await ask(`/${lane}/fetched?url=${url}`);
  assert.equal(response.headers.get("content-encoding"), "x-own");
  assert.equal(await response.text(), short);
});

eachLane("reply: a web stream that always has more is sent as it is read", async (lane) => {
  const few = await ask(`/${lane}/ready/3`);
  assert.equal(few.headers.get("content-length"), "3072");
  const many = await ask(`/${lane}/ready/5000`);
  assert.equal(many.headers.get("content-length"), null);
  assert.equal((await many.arrayBuffer()).byteLength, 5000 * 1024);
});

eachLane("reply: a body whose reply fails after the handler is closed", async (lane) => {
  for (let n = 0; n < 3; n++) assert.equal((await ask(`/${lane}/late-failure`)).status, 500);
  const { opened, closed } = (await (await ask(`/${lane}/sources`)).json()) as Record<string, number>;
  assert.equal(closed, opened);
});

eachLane("a cookie whose name demands it is set and deleted as a secure one", async (lane) => {
  for (const [name, secure] of [
    ["plain", false],
    ["__Host-sid", true],
    ["__Secure-sid", true],
  ] as const) {
    const [set = ""] = (await ask(`/${lane}/remember/${name}`)).headers.getSetCookie();
    assert.match(set, new RegExp(`^${name}=me; Path=/`));
    assert.equal(/; Secure/i.test(set), secure, set);
    const [cookie = ""] = (await ask(`/${lane}/forget/${name}`)).headers.getSetCookie();
    assert.match(cookie, new RegExp(`^${name}=; .*Max-Age=0`));
    assert.equal(/; Secure/i.test(cookie), secure, cookie);
  }
});
