import assert from "node:assert/strict";
import { test } from "node:test";
import { type CpuUse, crowdedOutMs } from "../../src/watch/cpu-use.ts";

const use = (ranMs: number, delayedMs: number): CpuUse => ({ ranMs, delayedMs });
const [main, helper, idle, young] = [process.pid, 1, 2, 3];

test("crowdedOutMs() is the longest wait of a thread other than the main one and those that began meanwhile", () => {
  const before = new Map([
    [main, use(100, 5)],
    [helper, use(50, 10)],
    [idle, use(1, 1)],
  ]);
  const after = new Map([
    [main, use(102, 405)],
    [helper, use(53, 310)],
    [idle, use(1, 1)],
    [young, use(1, 900)],
  ]);
  assert.equal(crowdedOutMs(before, after, 800), 300);
});

test("crowdedOutMs() is 0 when the process itself had half of the CPU time that there was", () => {
  const before = new Map([[helper, use(0, 0)]]);
  assert.equal(crowdedOutMs(before, new Map([[helper, use(399, 300)]]), 800), 300);
  assert.equal(crowdedOutMs(before, new Map([[helper, use(400, 300)]]), 800), 0);
});
