import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App } from "offloop";
import app from "../fixtures/proxied-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false, trustProxy: true });
});
after(() => server.close());

/** Where a request is sent. */
async function sentTo(head: string): Promise<string | undefined> {
  const raw = await openSocket(server.url);
  raw.send(`${head}\r\nConnection: close\r\n\r\n`);
  return /^location: (.*)\r$/m.exec(await raw.ended())?.[1];
}

eachLane(
  "a client that does not say whom it asks is sent to another path of the same server",
  async (lane) => {
    assert.equal(await sentTo(`GET /${lane}/slash?x=//y HTTP/1.0`), `/${lane}/slash/?x=//y`);
    assert.equal(await sentTo(`GET /${lane}/slash HTTP/1.1\r\nHost:`), `/${lane}/slash/`);
  },
);

eachLane("a client that asks with a whole URL is sent to one", async (lane) => {
  const asked = `GET http://shop.example/${lane}/slash?x=1 HTTP/1.1\r\nHost: shop.example`;
  assert.equal(await sentTo(asked), `http://shop.example/${lane}/slash/?x=1`);
});

eachLane("what a proxy passes on as the scheme is one of HTTP's", async (lane) => {
  const asked = `GET /${lane}/slash HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto:`;
  assert.equal(await sentTo(`${asked} https`), `https://a/${lane}/slash/`);
  assert.equal(await sentTo(`${asked} javascript`), `http://a/${lane}/slash/`);
});

eachLane("two slashes at the beginning send nobody to another host", async (lane) => {
  assert.equal(await sentTo(`GET //${lane}/slash HTTP/1.1\r\nHost: a`), undefined);
  assert.equal(await sentTo(`GET //evil.example/${lane}/slash HTTP/1.0`), undefined);
});

test("a long parameter is answered as a short one where the method or the last slash is another", async (t) => {
  const own = new App();
  own.get("/items/:id", async ({ params }) => params.id.length);
  const long = await running(own, { accessLog: false });
  t.after(() => long.close());
  for (const length of [1, 101, 5_000]) {
    const url = `${long.url}/items/${"x".repeat(length)}`;
    assert.equal(await (await fetch(url)).json(), length);
    assert.equal((await fetch(url, { method: "POST" })).status, 405);
    assert.equal((await fetch(`${url}/`, { redirect: "manual" })).status, 307);
  }
});
