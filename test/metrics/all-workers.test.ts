import assert from "node:assert/strict";
import { test } from "node:test";
import { HighestCounts } from "../../src/metrics/all-workers.ts";
import type { Figure } from "../../src/metrics/worker-metrics.ts";

const figure = (type: string, ...values: Figure["values"]): Figure => ({
  name: "work_seconds",
  help: "How long it took",
  type,
  values,
});
const valuesOf = (figures: readonly Figure[]): number[] =>
  figures.flatMap(({ values }) => values.map(({ value }) => value));

test("HighestCounts.hold(): the same sum in another order is not lower", () => {
  const highest = new HighestCounts();
  const [inOneOrder, inAnother] = [0.3 + 0.2 + 0.1, 0.1 + 0.2 + 0.3].sort((a, b) => b - a) as [
    number,
    number,
  ];
  assert.notEqual(inOneOrder, inAnother);
  const sum = (value: number) => [figure("histogram", { metricName: "work_seconds_sum", value, labels: {} })];
  assert.deepEqual(valuesOf(highest.hold(sum(inOneOrder))), [inOneOrder]);
  assert.deepEqual(valuesOf(highest.hold(sum(inAnother))), [inOneOrder]);
  assert.deepEqual(valuesOf(highest.hold(sum(1))), [1]);
});

test("HighestCounts.hold(): labels and parts of a histogram are apart, in whatever order labels come", () => {
  const highest = new HighestCounts();
  highest.hold([
    figure("histogram", { metricName: "work_seconds_count", value: 9, labels: { lane: "loop", le: 1 } }),
    figure("histogram", { metricName: "work_seconds_sum", value: 5, labels: { lane: "loop", le: 1 } }),
  ]);
  const held = highest.hold([
    figure("histogram", { metricName: "work_seconds_count", value: 1, labels: { le: 1, lane: "loop" } }),
    figure("histogram", { metricName: "work_seconds_sum", value: 1, labels: { le: 1, lane: "loop" } }),
    figure("histogram", { metricName: "work_seconds_count", value: 1, labels: { lane: "thread", le: 1 } }),
  ]);
  assert.deepEqual(valuesOf(held), [9, 5, 1]);
});

test("HighestCounts.hold(): a gauge may fall", () => {
  const highest = new HighestCounts();
  highest.hold([figure("gauge", { value: 9, labels: {} })]);
  assert.deepEqual(valuesOf(highest.hold([figure("gauge", { value: 1, labels: {} })])), [1]);
});
