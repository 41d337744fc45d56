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

/** A test that four times the input costs about four times as much: the time of this thread's CPU, the best of several. */
export function costsLinear(name: string, { prepare, size }: Costly): void {
  test(`linear: ${name}`, () => {
    const [small, large] = [prepare(size), prepare(4 * size)];
    const [cost, costOfMore] = [leastCpu(small), leastCpu(large)];
    const ratio = costOfMore / cost;
    assert.ok(
      ratio < MAX_RATIO,
      `4 times the input costs ${ratio.toFixed(1)} times as much: ${cost} us, ${costOfMore} us`,
    );
  });
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
