import assert from "node:assert/strict";
import { test } from "node:test";

test("offloop exports these values and no others", async () => {
  assert.deepEqual(Object.keys(await import("offloop")).sort(), [
    "App",
    "HTTPError",
    "JobError",
    "OffloopError",
    "Router",
    "ValidationError",
    "WebSocketError",
    "clearSession",
    "depends",
    "event",
    "file",
    "html",
    "openTasks",
    "param",
    "redirect",
    "serve",
    "settings",
    "sse",
    "stream",
    "text",
  ]);
});

test("offloop/dsn exports describeDsn and nothing else", async () => {
  assert.deepEqual(Object.keys(await import("offloop/dsn")), ["describeDsn"]);
});
