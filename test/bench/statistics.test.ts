import assert from "node:assert/strict";
import { test } from "node:test";
import { pairedRatios, percentile, summarize } from "../../bench/statistics.ts";

test("percentile() takes the value at its place, and between two values in proportion", () => {
  assert.equal(percentile([3, 1, 2], 50), 2);
  assert.equal(percentile([4, 1, 3, 2], 50), 2.5);
  assert.equal(percentile([10, 20], 0), 10);
  assert.equal(percentile([10, 20], 100), 20);
  assert.equal(percentile([], 50), Number.NaN);
});

test("summarize() sorts numbers as numbers", () => {
  assert.deepEqual(summarize([10, 9, 100]), { median: 10, min: 9, max: 100 });
});

test("pairedRatios() divides figures of the same round", () => {
  assert.deepEqual(pairedRatios([50, 20], [100, 10]), [0.5, 2]);
});
