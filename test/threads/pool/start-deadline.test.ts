import assert from "node:assert/strict";
import { test } from "node:test";
import { barePool } from "../../fixtures/bare-pool.ts";

test("a thread whose module does not end loading is ended after startMs, with an error that says so", async () => {
  const url = new URL("../../fixtures/apps/hangs-in-thread.ts", import.meta.url).href;
  const pool = barePool({
    target: { url, exportName: undefined },
    workIds: ["GET /"],
    mayBeEnded: [false],
    startMs: 200,
  });
  await assert.rejects(pool.start(), {
    code: "OFFLOOP_THREAD_START",
    message: /it has not loaded the app after 200 ms/,
  });
  assert.equal(pool.size.threads, 0);
});

test("a thread that has loaded the app while the loop was blocked beyond startMs is not ended", async () => {
  const url = new URL("../../fixtures/apps/one-plain.ts", import.meta.url).href;
  const pool = barePool({
    target: { url, exportName: undefined },
    workIds: ["GET /"],
    mayBeEnded: [false],
    startMs: 200,
  });
  const started = pool.start();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
  await started;
  assert.equal(pool.size.threads, 1);
  await pool.close();
});
