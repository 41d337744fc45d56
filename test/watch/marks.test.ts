import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { App } from "offloop";
import { markNames, runs } from "../../src/watch/marks.ts";
import surrounded from "../fixtures/around-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { lanes, running } from "../fixtures/running.ts";

test("a request's run ends with it: the next on its connection, pipelined or later, begins outside", async (t) => {
  const outside: unknown[] = [];
  const inside: unknown[] = [];
  const app = new App({ title: "runs" });
  const onStart = (): unknown => outside.push(runs.getStore());
  subscribe("http.server.request.start", onStart);
  t.after(() => unsubscribe("http.server.request.start", onStart));
  app.get("/", async () => inside.push(runs.getStore()));
  app.post("/", async () => inside.push(runs.getStore()));
  const server = await running(app);
  t.after(() => server.close());

  const raw = await openSocket(server.url);
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  raw.send(Buffer.from(`${get}${post}${get}${get.replace("Host", "Connection: close\r\nHost")}`));
  await raw.ended();
  await (await fetch(server.url)).text();
  await (await fetch(server.url)).text();

  assert.equal(inside.length, 6);
  assert.ok(inside.every((run) => run !== undefined));
  assert.deepEqual(outside, [undefined, undefined, undefined, undefined, undefined, undefined]);
});

test("an around belongs to the operation that it surrounds, on whichever lane that runs", async (t) => {
  const within: unknown[] = [];
  const note = (): unknown => within.push(markNames()[runs.getStore()?.mark ?? 0]);
  surrounded.around(async (_, next) => {
    note();
    const reply = await next();
    note();
    return reply;
  });
  const server = await running(surrounded);
  t.after(() => server.close());
  for (const lane of lanes) {
    await (await fetch(`${server.url}/${lane}/value`)).text();
    const name = `GET /${lane}/value`;
    assert.deepEqual(within.splice(0), [name, name]);
  }
});
