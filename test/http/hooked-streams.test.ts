import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { journal } from "../fixtures/journal.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app from "../fixtures/served-by-app.ts";

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false });
});
after(() => server.close());
beforeEach(() => journal.clear());

const types = {
  text: "text/plain; charset=utf-8",
  file: "text/plain; charset=utf-8",
  stream: "text/plain; charset=utf-8",
  events: "text/event-stream; charset=utf-8",
  lines: "application/jsonl",
};

eachLane("a plugin's onSend hook that awaits adds its header to every kind of body", async (lane) => {
  for (const [path, type] of Object.entries(types)) {
    const { headers, body } = await fetch(`${server.url}/${lane}/${path}`);
    await body?.cancel();
    assert.deepEqual(
      [path, headers.get("content-type"), headers.get("x-served-by")],
      [path, type, "offloop"],
    );
  }
});

eachLane("a stream whose reply a plugin's onSend hook refuses is closed", async (lane) => {
  const { status, body } = await fetch(`${server.url}/${lane}/opened`, { headers: { "x-fail": "yes" } });
  await body?.cancel();
  assert.equal(status, 500);
  await journal.written(1);
});

eachLane("a header's Latin-1 letters are one byte each, also past a plugin", async (lane) => {
  const response = await fetch(`${server.url}/${lane}/accented`);
  const { headers } = response;
  assert.deepEqual(
    [headers.get("x-name"), headers.get("x-hooked"), await response.text()],
    ["Zoë", "Zoë saw a string", "é"],
  );
});

eachLane("so are those of a header that a plugin's last hook sets", async (lane) => {
  for (const path of ["text", "nothing"]) {
    const { headers } = await fetch(`${server.url}/${lane}/${path}`);
    assert.equal(headers.get("x-hooked"), "Zoë saw a string", path);
  }
});
