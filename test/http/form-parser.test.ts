import assert from "node:assert/strict";
import { after, before } from "node:test";
import app from "../fixtures/inputs-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

eachLane("a client that goes in the middle of a body makes no error of the server's", async (lane) => {
  for (const [path, type] of [
    ["any", "multipart/form-data; boundary=x"],
    ["nowhere", "multipart/form-data; boundary=x"],
    ["any", "application/json"],
  ]) {
    const url = `/${lane}/${path}?${type?.slice(0, 5)}`;
    const raw = await openSocket(server.url);
    raw.send(`POST ${url} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n`);
    raw.send(`Content-Type: ${type}\r\nContent-Length: 99\r\n\r\n--x`);
    await raw.until((received) => received.includes("100 Continue"));
    raw.socket.destroy();
    const { status } = await server.logged((entry) => entry.url === url && entry.status !== undefined);
    // What is not there is refused before its body has come.
    assert.ok(path === "nowhere" ? status === 404 : status === 400 || status === 499, `${status}`);
  }
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 40),
    [],
  );
});
