import assert from "node:assert/strict";
import { test } from "node:test";

test("offloop exports these values and no others", async () => {
  assert.deepEqual(Object.keys(await import("offloop")).sort(), [
    "App",
    "HTTPError",
    "OffloopError",
    "Router",
    "serve",
  ]);
});
