import assert from "node:assert/strict";
import { test } from "node:test";

/** Something that costs with the size of its input. */
export interface Costly {
  /** Makes an input of a size, and what is done with it. */
  readonly prepare: (size: number) => () => unknown;
  /** The smaller of the two sizes that are compared. */
  readonly size: number;
}

const BATCHES = 2;
/** The clock of a thread ticks every 4 ms. */
const BATCH_MICROSECONDS = 16_000;
/** Four times the input of something quadratic costs sixteen times as much. */
const MAX_RATIO = 9;

/**
 * A step in the cost comes once: 160 kB parsed take seven times as long as 140 kB where page faults are slow, as V8 maps
 * each text of over 128 kB anew. What grows with the square does so at each size.
 */
const MAX_GROWTHS = 3;

/**
 * A test that four times the input costs about four times as much, at one size at least: the time of this thread's CPU,
 * the best of several.
 */
export function costsLinear(name: string, { prepare, size }: Costly): void {
  test(`linear: ${name}`, () => {
    const costs = [leastCpu(prepare(size))];
    do costs.push(leastCpu(prepare(4 ** costs.length * size)));
    while (costs.length <= MAX_GROWTHS && growth(costs) >= MAX_RATIO);
    assert.ok(
      growth(costs) < MAX_RATIO,
      `each of these inputs is 4 times the one before, and costs, in us: ${costs.map(Math.round).join(", ")}`,
    );
  });
}

/** How many times as much the last input costs as the one before. */
function growth(costs: readonly number[]): number {
  return (costs.at(-1) as number) / (costs.at(-2) as number);
}

/** Microseconds of one run: the mean of a batch, the least of several. */
export function leastCpu(run: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    const before = process.threadCpuUsage();
    let runs = 0;
    let spent = 0;
    while (spent < BATCH_MICROSECONDS) {
      run();
      runs++;
      const { user, system } = process.threadCpuUsage(before);
      spent = user + system;
    }
    least = Math.min(least, spent / runs);
  }
  return least;
}
