import type { Goal } from "./goal.ts";
import type { Slice } from "./slice.ts";
import { pairedRatios, type Summary, summarize } from "./statistics.ts";
import type { Measured } from "./turns.ts";
import { isKnown, judge, spreadOf, type Verdict } from "./verdict.ts";

/** A figure to compare two sides by. */
export interface Figure {
  readonly name: string;
  readonly of: (slice: Slice) => number | undefined;
  readonly better: "more" | "less";
  readonly decimals: number;
}

const requestsPerSecond: Figure = {
  name: "requests/s",
  of: (slice) => slice.requestsPerSecond,
  better: "more",
  decimals: 0,
};
const cpuTime: Figure = {
  name: "CPU µs a request",
  of: (slice) => slice.cpuMicros,
  better: "less",
  decimals: 1,
};
const figures: readonly Figure[] = [
  requestsPerSecond,
  cpuTime,
  { name: "instructions a request", of: (slice) => slice.instructions, better: "less", decimals: 0 },
];

/** Which side is compared with which, by name. */
export interface Pair {
  readonly ours: string;
  readonly peer: string;
  /** Makes a goal of the median ratio of requests per second. */
  readonly goal?: (what: string, ratio: number) => Goal;
  /** The same for CPU time per request, the peer's to ours: above 1 we use less. */
  readonly cpuGoal?: (what: string, gain: number) => Goal;
}

/** One figure of two sides. */
export interface Compared {
  readonly pair: Pair;
  readonly figure: Figure;
  readonly ours: Summary;
  readonly peer: Summary;
  /** Our figure relative to the peer's, one ratio per round. */
  readonly ratios: readonly number[];
  readonly ratio: Summary;
  /** How much the sides that ran twice differed from themselves: 0.02 is 2 %. */
  readonly spread: number;
  readonly verdict: Verdict;
  /** Also undefined when the verdict is that nothing can be said. */
  readonly goal: Goal | undefined;
}

/**
 * Compares each pair in every figure that was counted.
 *
 * @param measured - All sides that took turns, even those in no pair: they contribute to the spread if they ran twice.
 */
export function compare(pairs: readonly Pair[], measured: readonly Measured[]): Compared[] {
  return pairs.flatMap((pair) =>
    figures.map((figure) => compareFigure(pair, figure, measured)).filter(({ ratios }) => ratios.length > 0),
  );
}

function compareFigure(pair: Pair, figure: Figure, measured: readonly Measured[]): Compared {
  const ours = figureOf(sideOf(pair.ours, measured), figure);
  const peer = figureOf(sideOf(pair.peer, measured), figure);
  const ratios = pairedRatios(ours, peer);
  const ratio = summarize(ratios);
  const spread = spreadOf(measured.flatMap((side) => ratiosToItself(side, figure)));
  const verdict = judge(figure.better === "more" ? ratios : pairedRatios(peer, ours), spread);
  const goal = isKnown(verdict) ? goalOf(pair, figure, ratio.median) : undefined;
  return { pair, figure, ours: summarize(ours), peer: summarize(peer), ratios, ratio, spread, verdict, goal };
}

function goalOf({ ours, peer, goal, cpuGoal }: Pair, figure: Figure, ratio: number): Goal | undefined {
  if (figure === requestsPerSecond) return goal?.(`${ours} / ${peer}`, ratio);
  if (figure === cpuTime) return cpuGoal?.(`CPU time a request, ${peer} / ${ours}`, 1 / ratio);
  return undefined;
}

function sideOf(name: string, measured: readonly Measured[]): Measured {
  const found = measured.find((side) => side.name === name);
  if (found === undefined) throw new Error(`nothing was measured of "${name}"`);
  return found;
}

/** One figure per round: for a side that ran twice, the mean of both. */
function figureOf({ rounds, again }: Measured, { of }: Figure): number[] {
  return rounds.flatMap((slice, round) => {
    const both = [slice, again?.[round]].flatMap((one) => (one === undefined ? [] : (of(one) ?? [])));
    return both.length === 0 ? [] : [both.reduce((sum, value) => sum + value, 0) / both.length];
  });
}

function ratiosToItself({ rounds, again = [] }: Measured, { of }: Figure): number[] {
  const counted = (slices: readonly Slice[]): number[] => slices.flatMap((slice) => of(slice) ?? []);
  return pairedRatios(counted(again), counted(rounds));
}
