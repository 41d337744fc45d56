import assert from "node:assert/strict";
import { test } from "node:test";
import type { Run } from "../../../src/inspector/page/run.ts";
import { countWaiting } from "../../../src/inspector/page/waiting.ts";
import { shownRun } from "../../fixtures/shown-run.ts";

const stretch = { from: 0, to: 100 };
const waited = (handedAt: number, queueMs: number, lane: number | null = 2): Run =>
  shownRun({ lane, handedAt, startedAt: handedAt + queueMs, endedAt: handedAt + queueMs + 50 });

test("countWaiting() counts the runs handed over and not started at each time", () => {
  const runs = [waited(10, 30), waited(20, 40), waited(90, 500), waited(-50, 70)];
  const { times, counts } = countWaiting(runs, [], stretch, 10);
  assert.deepEqual(times, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  assert.deepEqual(counts, [1, 2, 2, 2, 1, 1, 0, 0, 0, 1]);
});

test("countWaiting() counts no wait for the loop, nor outside the stretch, and one for what never ran", () => {
  const runs = [waited(10, 30, 0), waited(-500, 20), waited(200, 20), waited(50, 20, null)];
  assert.deepEqual(countWaiting(runs, [], stretch, 10).counts, [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
});

test("countWaiting() shows waits shorter than a step by how much of it they take", () => {
  const runs = Array.from({ length: 20 }, (_, n) => waited(12 + n / 10, 1));
  assert.deepEqual(countWaiting(runs, [], stretch, 10).counts.slice(0, 3), [0, 2, 0]);
});

test("countWaiting() counts what waits still", () => {
  const waiting = { name: 0, request: "r", slot: 0, handedAt: 70, startedAt: 70, lane: undefined };
  assert.deepEqual(countWaiting([], [waiting], stretch, 10).counts, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
});
