import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveSettings } from "../../../src/app/settings.ts";
import { ThreadPool } from "../../../src/threads/pool/pool.ts";

test("a thread whose module does not end loading is ended after startMs, with an error that says so", async () => {
  const url = new URL("../../fixtures/apps/hangs-in-thread.ts", import.meta.url).href;
  const pool = new ThreadPool({
    max: 1,
    min: 1,
    reserve: 0,
    priority: 0,
    idleMs: 1_000,
    longRunMs: 30_000,
    maxQueue: 1,
    maxBackgroundQueue: 1,
    resourceLimits: {},
    inputs: resolveSettings().inputs,
    session: undefined,
    given: [],
    part: "app",
    target: { url, exportName: undefined },
    traced: false,
    workIds: ["GET /"],
    mayBeEnded: [false],
    works: [],
    logLevel: "silent",
    ownsOutput: false,
    startMs: 200,
    onLog: () => {},
    onEnqueue: () => {},
    onThreadFailure: () => {},
  });
  await assert.rejects(pool.start(), {
    code: "OFFLOOP_THREAD_START",
    message: /it has not loaded the app after 200 ms/,
  });
  assert.equal(pool.size.threads, 0);
});
