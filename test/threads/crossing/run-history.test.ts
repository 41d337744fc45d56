import assert from "node:assert/strict";
import { test } from "node:test";
import { RunHistory } from "../../../src/threads/crossing/work.ts";

function historyOf(...runs: number[]): RunHistory {
  const history = new RunHistory();
  for (const ms of runs) history.record(ms);
  return history;
}
const times = (count: number, ms: number): number[] => Array(count).fill(ms);

test("RunHistory: nothing is short or quick before it has run", () => {
  const { isShort, isQuick } = historyOf();
  assert.deepEqual([isShort, isQuick], [false, false]);
});

test("RunHistory.isShort: more than half of the runs took under 50 ms", () => {
  assert.equal(historyOf(49.9).isShort, true);
  assert.equal(historyOf(50).isShort, false);
  assert.equal(historyOf(1, 50).isShort, false);
  assert.equal(historyOf(1, 50, 1).isShort, true);
});

test("RunHistory.isShort looks back on 16 runs: earlier long ones are forgotten", () => {
  const history = historyOf(...times(16, 100), ...times(8, 1));
  assert.equal(history.isShort, false);
  history.record(1);
  assert.equal(history.isShort, true);
  for (const ms of times(16, 1)) history.record(ms);
  for (const ms of times(7, 100)) history.record(ms);
  assert.equal(history.isShort, true);
  history.record(100);
  assert.equal(history.isShort, false);
});

test("RunHistory.isQuick: each of the last 16 runs took under a millisecond", () => {
  assert.equal(historyOf(...times(15, 0.5)).isQuick, false);
  const history = historyOf(...times(16, 0.5));
  assert.equal(history.isQuick, true);
  history.record(1);
  assert.equal(history.isQuick, false);
  for (const ms of times(15, 0.5)) history.record(ms);
  assert.equal(history.isQuick, false);
  history.record(0.5);
  assert.equal(history.isQuick, true);
});
