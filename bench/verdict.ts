import { percentile, summarize } from "./statistics.ts";

/**
 * The meaning of a measured difference. `too busy`: a side differed from itself by so much that nothing can be said.
 * `too few rounds`: it was a trial run.
 */
export type Verdict = "none" | "faster" | "slower" | "too busy" | "too few rounds";

const FEWEST_ROUNDS = 9;
/** If a side differs from itself by more than this, finding no difference does not mean that there is none. */
const WIDEST_SPREAD = 0.05;

/**
 * How much a side differs from itself: three quarters of its ratios to itself lie within this.
 *
 * @returns A fraction: 0.02 stands for ratios of 1 / 1.02 to 1.02.
 */
export function spreadOf(ratiosToItself: readonly number[]): number {
  const distances = ratiosToItself.map((ratio) => Math.abs(Math.log(ratio)));
  return Math.exp(percentile(distances, 75)) - 1;
}

/**
 * Judges gains against the spread. The median decides; where the spread is too wide, both quartiles must lie outside.
 *
 * @param gains - One figure per round: how many times better one side was than the other. Above 1 is faster.
 */
export function judge(gains: readonly number[], spread: number): Verdict {
  if (gains.length < FEWEST_ROUNDS) return "too few rounds";
  const { lowerQuartile, median, upperQuartile } = summarize(gains);
  const isWide = !(spread <= WIDEST_SPREAD); // also when there is none
  if ((isWide ? lowerQuartile : median) > 1 + spread) return "faster";
  if ((isWide ? upperQuartile : median) < 1 / (1 + spread)) return "slower";
  return isWide ? "too busy" : "none";
}

/** Whether it says anything about the sides. */
export function isKnown(verdict: Verdict): boolean {
  return verdict !== "too busy" && verdict !== "too few rounds";
}
