import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App } from "offloop";
import { z } from "zod";
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
    // What is not there is refused before its body has come.
    await raw.until((received) => received.includes(path === "nowhere" ? "404 Not Found" : "100 Continue"));
    raw.socket.destroy();
    const { status } = await server.logged((entry) => entry.url === url && entry.status !== undefined);
    assert.ok(path === "nowhere" ? status === 404 : status === 400 || status === 499, `${status}`);
  }
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 40),
    [],
  );
});

test("what is sent as a form where none is declared is bounded as any body that the loop reads", async (t) => {
  const own = new App({ inputs: { maxLoopBodyBytes: 1_000 } });
  own.post("/json", { body: z.unknown() }, async () => "read");
  own.post("/form", { form: { field: z.string() } }, async ({ form }) => form.field.length);
  const bounded = await running(own, { accessLog: false });
  t.after(() => bounded.close());
  const send = async (path: string, length: number): Promise<number> => {
    const form = new FormData();
    form.set("field", "x".repeat(length));
    const { status, body } = await fetch(bounded.url + path, { method: "POST", body: form });
    await body?.cancel();
    return status;
  };
  assert.equal(await send("/json", 100), 200);
  assert.equal(await send("/json", 2_000), 413);
  assert.equal(await send("/form", 2_000), 200);
});
