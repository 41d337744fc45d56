import assert from "node:assert/strict";
import { test } from "node:test";
import { RunHistory } from "../../src/threads/run-history.ts";

function historyOf(...runs: number[]): RunHistory {
  const history = new RunHistory();
  for (const ms of runs) history.record(ms);
  return history;
}

const times = (count: number, ms: number): number[] => new Array<number>(count).fill(ms);

test("RunHistory: before the first run it is neither short nor quick", () => {
  const history = historyOf();
  assert.deepEqual([history.isShort, history.isQuick], [false, false]);
});

test("RunHistory.isShort: while fewer than half of the runs took 50 ms", () => {
  assert.equal(historyOf(49.9).isShort, true);
  assert.equal(historyOf(50).isShort, false);
  assert.equal(historyOf(50, 1).isShort, false);
  assert.equal(historyOf(50, 1, 1).isShort, true);
});

test("RunHistory.isShort: only the last 16 runs count", () => {
  const history = historyOf(...times(16, 500));
  for (let run = 1; run <= 8; run++) {
    history.record(1);
    assert.equal(history.isShort, false, `after ${run} short runs`);
  }
  history.record(1);
  assert.equal(history.isShort, true, "after 9 of 16");
});

test("RunHistory.isQuick: after 16 runs of less than a millisecond in a row, until one takes longer", () => {
  const history = historyOf(...times(15, 0.5));
  assert.equal(history.isQuick, false);
  history.record(0.5);
  assert.equal(history.isQuick, true);
  history.record(1);
  assert.equal(history.isQuick, false);
});
