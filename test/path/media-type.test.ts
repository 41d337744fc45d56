import assert from "node:assert/strict";
import { after, before } from "node:test";
import app from "../fixtures/media-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

for (const [path, type, body] of [
  ["declared", "application/problem+json", '{"title":"no"}'],
  ["set", "application/hal+json", '{"ok":true}'],
  ["text", "text/csv", "a,b"],
  ["html", "application/xhtml+xml", "<p/>"],
  ["error", "application/problem+json", '{"title":"short"}'],
] as const)
  eachLane(`a media type of the handler's own is sent: ${path}`, async (lane) => {
    const response = await fetch(`${server.url}/${lane}/${path}`);
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(await response.text(), body);
  });

eachLane("a media type of text says that it is UTF-8, unless it names an encoding", async (lane) => {
  for (const [given, sent] of [
    ["text/csv", "text/csv; charset=utf-8"],
    ["TEXT/html", "TEXT/html; charset=utf-8"],
    ["text/plain; Charset=latin1", "text/plain; Charset=latin1"],
    ["application/json", "application/json"],
    ["image/svg+xml", "image/svg+xml"],
  ] as const)
    for (const path of ["stream", "file"]) {
      const response = await fetch(`${server.url}/${lane}/${path}?type=${encodeURIComponent(given)}`);
      await response.arrayBuffer();
      assert.equal(response.headers.get("content-type"), sent, path);
    }
});

// A generator starts after the head was sent: it is too late for headers of its own.
eachLane("a media type that a generator sets comes too late, and its lines are JSON lines", async (lane) => {
  const response = await fetch(`${server.url}/${lane}/lines`);
  assert.equal(response.headers.get("content-type"), "application/jsonl");
  assert.equal(await response.text(), "1\n");
});

eachLane("an operation that has no body, and returns nothing, is answered without one", async (lane) => {
  for (const path of ["nothing", "null"]) {
    const response = await fetch(`${server.url}/${lane}/${path}`);
    assert.deepEqual([response.status, await response.text()], [202, ""]);
    const { headers } = response;
    assert.deepEqual([headers.get("content-type"), headers.get("content-length")], [null, "0"]);
  }
});

eachLane("an operation that has no body, and returns a value, is a mistake of the app", async (lane) => {
  const id = crypto.randomUUID();
  const headers = { "x-request-id": id };
  assert.equal((await fetch(`${server.url}/${lane}/unexpected`, { headers })).status, 500);
  const { msg } = await server.logged(({ reqId, err }) => reqId === id && err !== undefined);
  assert.match(
    msg,
    /Cannot answer GET \/\w+\/unexpected: it returned a value, and its responseMediaType is null/,
  );
});
