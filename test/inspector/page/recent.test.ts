import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentSeconds } from "../../../src/inspector/page/recent.ts";
import type { Run } from "../../../src/inspector/page/run.ts";
import { shownRun } from "../../fixtures/shown-run.ts";

const endedAt = (time: number, differences: Partial<Run> = {}): Run =>
  shownRun({ handedAt: time - 10, startedAt: time - 10, endedAt: time, ...differences });

test("RecentSeconds counts requests second by second, in whatever order they are told", () => {
  const recent = new RecentSeconds();
  recent.count([endedAt(8_500), endedAt(7_100, { outcome: 500 }), endedAt(8_900)], 0, 9_200);
  const { ended, failed, known } = recent.requests(9_200);
  assert.deepEqual([ended.slice(-3), failed.slice(-3), known], [[0, 1, 2], [0, 1, 0], 2]);
});

test("RecentSeconds counts runs of a task for it, and not among the requests", () => {
  const recent = new RecentSeconds();
  recent.count([endedAt(8_500, { name: 1, outcome: 0 })], 0, 9_200);
  assert.equal(recent.requests(9_200).ended.at(-1), 0);
  assert.deepEqual(recent.runsOf(1, 9_200).failed.at(-1), 1);
});

test("RecentSeconds forgets what is older than a minute", () => {
  const recent = new RecentSeconds();
  recent.count([endedAt(8_500)], 0, 9_200);
  recent.count([endedAt(68_900)], 0, 69_200);
  const { ended, known } = recent.requests(69_200);
  assert.deepEqual([ended.reduce((sum, count) => sum + count, 0), known], [1, 59]);
  assert.equal(recent.p99(69_200, 60) !== undefined, true);
  assert.equal(recent.p99(200_000, 10), undefined);
});

test("RecentSeconds counts what the server was too busy to tell", () => {
  const recent = new RecentSeconds();
  recent.count([], 5_000, 9_200);
  assert.equal(recent.requests(10_200).ended.at(-1), 5_000);
});
