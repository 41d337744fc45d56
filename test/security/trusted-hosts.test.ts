import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App, OffloopError, type Server } from "offloop";
import { trustedHosts } from "offloop/security";
import { openSocket } from "../fixtures/raw-socket.ts";
import { running } from "../fixtures/running.ts";

const app = new App();
app.around(trustedHosts(["shop.example", "*.shop.example", "[::1]"]));
app.get("/", async () => "in");

let server: Server;
before(async () => {
  server = await running(app);
});
after(() => server.close());

/** The status that a request with this Host is answered with. */
async function statusFor(host: string): Promise<number> {
  const socket = await openSocket(server.url);
  socket.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await socket.ended())?.[1]);
}

test("trustedHosts() lets the hosts in that are named, whatever their port and case", async () => {
  for (const host of [
    "shop.example",
    "SHOP.example:8000",
    "a.shop.example",
    "a.b.shop.example:80",
    "[::1]:80",
  ])
    assert.equal(await statusFor(host), 200, host);
});

test("trustedHosts() refuses others, and what only ends like one", async () => {
  for (const host of [
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
  ])
    assert.equal(await statusFor(host), 400, host);
});

test("trustedHosts() takes names only", () => {
  for (const wrong of ["https://shop.example", "shop.example:80", "*", "a*.shop.example", "", 1])
    assert.throws(
      () => trustedHosts([wrong as string]),
      (error) => error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID",
    );
});
