import assert from "node:assert/strict";
import { test } from "node:test";
import { Figures } from "../../src/inspector/collector.ts";

/** Within what two figures of a histogram tell apart. */
function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * 0.02 + 0.001, `${actual} is not near ${expected}`);
}

test("Figures gives the percentiles that sorting would give, within two figures", () => {
  const figures = new Figures();
  const runs = Array.from({ length: 1000 }, (_, n) => ((n * 7919) % 1000) + 1);
  for (const ms of runs) figures.count(0, ms / 100, ms, ms % 10 !== 0);
  const [{ calls, failed, wait, run } = assert.fail()] = figures.since(0);
  assert.deepEqual([calls, failed], [1000, 100]);
  near(run[0], 500);
  near(run[1], 990);
  near(wait[0], 5);
  near(wait[1], 9.9);
});

test("Figures counts no time as none, and hours as hours", () => {
  const figures = new Figures();
  figures.count(0, 0, 3_600_000, true);
  const [{ wait, run } = assert.fail()] = figures.since(0);
  assert.deepEqual(wait, [0, 0]);
  near(run[0], 3_600_000);
  figures.count(1, Number.POSITIVE_INFINITY, -1, true);
  assert.equal(figures.since(0)[1]?.run[0], 0);
});

test("Figures.since() tells only the names that ran since", () => {
  const figures = new Figures();
  figures.count(0, 0, 1, true);
  figures.count(3, 0, 1, true);
  const told = figures.runs;
  assert.deepEqual(
    figures.since(0).map(({ name }) => name),
    [0, 3],
  );
  figures.count(3, 0, 1, true);
  assert.deepEqual(
    figures.since(told).map(({ name }) => name),
    [3],
  );
  assert.deepEqual(figures.since(figures.runs), []);
});
