import assert from "node:assert/strict";
import { test } from "node:test";
import { Figures } from "../../src/inspector/collector.ts";
import { Sketch, type SketchCounts } from "../../src/inspector/page/sketch.ts";

/** What a page reads from what it is told. */
function percentiles(counts: SketchCounts): (number | undefined)[] {
  const sketch = new Sketch();
  sketch.merge(counts);
  return [sketch.percentile(50), sketch.percentile(99)];
}

/** Within what two figures of a histogram tell apart. */
function near(actual: number | undefined, expected: number): void {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= expected * 0.02 + 0.001,
    `${actual} is not near ${expected}`,
  );
}

test("Figures gives the percentiles that sorting would give, within two figures", () => {
  const figures = new Figures();
  const runs = Array.from({ length: 1000 }, (_, n) => ((n * 7919) % 1000) + 1);
  for (const ms of runs) figures.count(0, ms % 10 !== 0, { queueMs: ms / 100, runMs: ms });
  const [{ calls, failed, wait, run } = assert.fail()] = figures.since(0);
  assert.deepEqual([calls, failed], [1000, 100]);
  near(percentiles(run)[0], 500);
  near(percentiles(run)[1], 990);
  near(percentiles(wait)[0], 5);
  near(percentiles(wait)[1], 9.9);
});

test("Figures counts no time as none, and hours as hours", () => {
  const figures = new Figures();
  figures.count(0, true, { queueMs: 0, runMs: 3_600_000 });
  const [{ wait, run } = assert.fail()] = figures.since(0);
  assert.deepEqual(percentiles(wait), [0, 0]);
  near(percentiles(run)[0], 3_600_000);
  figures.count(1, true, { queueMs: Number.POSITIVE_INFINITY, runMs: -1 });
  assert.deepEqual(percentiles(figures.since(0)[1]?.run ?? []), [0, 0]);
});

test("Figures.since() returns only the names that ran since", () => {
  const figures = new Figures();
  figures.count(0, true, { queueMs: 0, runMs: 1 });
  figures.count(3, true, { queueMs: 0, runMs: 1 });
  const told = figures.runs;
  assert.deepEqual(
    figures.since(0).map(({ name }) => name),
    [0, 3],
  );
  figures.count(3, true, { queueMs: 0, runMs: 1 });
  assert.deepEqual(
    figures.since(told).map(({ name }) => name),
    [3],
  );
  assert.deepEqual(figures.since(figures.runs), []);
});

test("Figures counts what never ran, and has no durations of it", () => {
  const figures = new Figures();
  figures.count(0, false, undefined);
  const [{ calls, failed, run } = assert.fail()] = figures.since(0);
  assert.deepEqual([calls, failed, run], [1, 1, []]);
  assert.deepEqual(percentiles(run), [undefined, undefined]);
});
