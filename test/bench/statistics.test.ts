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
  const expected = { median: 10, lowerQuartile: 9.5, upperQuartile: 55, min: 9, max: 100 };
  assert.deepEqual(summarize([10, 9, 100]), expected);
});

test("summarize() gives quartiles that half of all values lie between", () => {
  const { lowerQuartile, median, upperQuartile } = summarize([9, 1, 8, 2, 7, 3, 6, 4, 5]);
  assert.deepEqual([lowerQuartile, median, upperQuartile], [3, 5, 7]);
});

test("pairedRatios() divides figures of the same round", () => {
  assert.deepEqual(pairedRatios([50, 20], [100, 10]), [0.5, 2]);
  assert.deepEqual(pairedRatios([50, 20], [100]), [0.5], "a round that only one side finished has no ratio");
});
