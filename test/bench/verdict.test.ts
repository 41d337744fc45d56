import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, spreadOf } from "../../bench/verdict.ts";

/** Nine rounds with these quartiles. */
const rounds = (lower: number, median: number, upper: number): number[] => [
  ...[lower, lower, lower],
  ...[median, median, median],
  ...[upper, upper, upper],
];
const around = (median: number): number[] => rounds(median - 0.05, median, median + 0.05);

test("spreadOf() is what three of four ratios to itself stay within, whichever side of 1 they are on", () => {
  assert.equal(spreadOf([1, 1, 1]), 0);
  const spread = spreadOf([1, 1.01, 1 / 1.02, 1.03, 1.2]);
  assert.ok(Math.abs(spread - 0.03) < 1e-9, `${spread}`);
  assert.ok(Math.abs(spreadOf([0.5]) - spreadOf([2])) < 1e-9, "half and double are as far from 1");
});

test("judge() says none within the spread, and faster or slower beyond it", () => {
  assert.equal(judge(around(1), 0.02), "none");
  assert.equal(judge(around(1.019), 0.02), "none");
  assert.equal(judge(around(0.982), 0.02), "none");
  assert.equal(judge(around(1.03), 0.02), "faster");
  assert.equal(judge(around(0.97), 0.02), "slower");
});

test("judge() says too busy when the spread is wide and the quartiles reach into it", () => {
  assert.equal(judge(rounds(0.99, 1, 1.01), 0.06), "too busy");
  assert.equal(judge(rounds(1.02, 1.3, 1.9), 0.2), "too busy");
  assert.equal(judge(rounds(0.5, 0.8, 0.9), 0.2), "too busy");
});

test("judge() still sees a difference beyond a wide spread", () => {
  assert.equal(judge(rounds(1.9, 2, 2.1), 0.2), "faster");
  assert.equal(judge(rounds(0.4, 0.5, 0.6), 0.2), "slower");
});

test("judge() says too busy when nothing ran twice, so that there is no spread", () => {
  assert.equal(judge(around(2), spreadOf([])), "too busy");
});

test("judge() says nothing after fewer than nine rounds", () => {
  assert.equal(judge(around(2).slice(1), 0.01), "too few rounds");
});
