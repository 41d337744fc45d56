import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App, depends, OffloopError, Router, type Server } from "offloop";
import { trustedHosts } from "offloop/security";
import { testClient } from "offloop/testing";
import { openSocket } from "../fixtures/raw-socket.ts";
import { running } from "../fixtures/running.ts";
import { handshake } from "../websocket/raw-client.ts";

let opened = 0;
const counted = depends(async () => ++opened);

const app = new App();
app.around(trustedHosts(["shop.example", "*.shop.example", "[::1]"]));
app.get("/", async () => "in");
app.websocket("/", { deps: { counted } }, { message: async ({ message }) => message });

let server: Server;
before(async () => {
  server = await running(app);
});
after(() => server.close());

/** The status that a request, as sent, is answered with. */
async function statusOf(request: string): Promise<number> {
  const socket = await openSocket(server.url);
  socket.send(request);
  const answer = await socket.until((received) => received.includes("\r\n\r\n"));
  socket.socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

const asks = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

const trusted = ["shop.example", "SHOP.example:8000", "a.shop.example", "a.b.shop.example:80", "[::1]:80"];
const others = [
  "",
  "evil.example",
  "evilshop.example",
  "shop.example.evil.example",
  ".shop.example.",
  "evil.example/.shop.example",
  "evil.example?.shop.example",
  "evil.example#.shop.example",
  "evil.example\\.shop.example",
  "evil.example:80/a.shop.example",
  "shop.example:80@evil.example",
  "shop.example@evil.example:80",
  "evil.example@a.shop.example",
];

test("trustedHosts() lets the hosts in that are named, whatever their port and case", async () => {
  for (const host of trusted) assert.equal(await statusOf(asks(host)), 200, host);
});

test("trustedHosts() refuses others, and what only ends like one", async () => {
  for (const host of others) assert.equal(await statusOf(asks(host)), 400, host);
});

test("trustedHosts() lets the same hosts open a websocket", async () => {
  for (const host of trusted) assert.equal(await statusOf(handshake("/", { Host: host })), 101, host);
});

test("trustedHosts() refuses the handshakes of others before any dependency is made", async () => {
  const before = opened;
  for (const host of others) assert.equal(await statusOf(handshake("/", { Host: host })), 400, host);
  assert.equal(opened, before);
});

test("trustedHosts() of a router and of an outer app guard the websockets in them, and no others", async () => {
  const outer = new App();
  const inner = new App();
  const guarded = new Router({ prefix: "/guarded" });
  guarded.around(trustedHosts(["shop.example"]));
  for (const one of [outer, guarded, inner]) one.websocket("/live", { message: async () => "in" });
  outer.include(guarded);
  outer.mount("/inner", inner);
  await using client = await testClient(outer);
  const evil = { headers: { host: "evil.example" } };
  for (const path of ["/live", "/inner/live"]) await (await client.websocket(path, evil)).close();
  await assert.rejects(client.websocket("/guarded/live", evil), /answered with 400/);
  await client.close();
  outer.around(trustedHosts(["shop.example"]));
  await using again = await testClient(outer);
  await assert.rejects(again.websocket("/inner/live", evil), /answered with 400/);
});

test("trustedHosts() takes names only", () => {
  for (const wrong of ["https://shop.example", "shop.example:80", "*", "a*.shop.example", "", 1])
    assert.throws(
      () => trustedHosts([wrong as string]),
      (error) => error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID",
    );
  assert.throws(() => trustedHosts("shop.example" as never), {
    code: "OFFLOOP_OPTION_INVALID",
    message:
      /^Cannot trust the hosts "shop\.example": expected a list of names\n {2}at .*trusted-hosts\.test\.ts:/,
  });
});
