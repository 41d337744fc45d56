import { atLeast, atMost, type Goal } from "./goal.ts";
import type { LoadedLatency, LoadedRound } from "./latency.ts";
import { pairedRatios, percentile } from "./statistics.ts";
import { formatNumber } from "./table.ts";

/** The names of the sides that show the effect of the threads' lower priority. */
export interface PrioritySides {
  readonly ours: string;
  readonly piscina: string;
  /** offloop with threads at the same priority as its loop. */
  readonly without: string;
}

/**
 * What lower priority should improve, and what it must not cost. The latency is that of all rounds' requests together:
 * in one round, it depends on which core each thread happens to be on, so that ratios of rounds swing fivefold.
 */
export function priorityGoals(all: readonly LoadedLatency[], names: PrioritySides): Goal[] {
  const [ours, piscina, without] = [names.ours, names.piscina, names.without].map((name) =>
    sideNamed(all, name),
  );
  if (!ours || !piscina || !without) return [];
  const latency = ours.loaded.p90 / piscina.loaded.p90;
  const work = percentile(pairedRatios(worksOf(ours), worksOf(without)), 50);
  return [
    atMost(0.35, `p90 of GET / under load: ${names.ours} / ${names.piscina}`, latency),
    atLeast(0.98, `work a second: ${names.ours} / ${names.without}`, work),
  ];
}

/** @throws {Error} When there is none with that name. */
export function sideNamed(all: readonly LoadedLatency[], name: string): LoadedLatency {
  const found = all.find((side) => side.name === name);
  if (found === undefined) throw new Error(`nothing was measured of "${name}"`);
  return found;
}

function worksOf({ rounds }: LoadedLatency): number[] {
  return rounds.map(({ worksPerSecond }) => worksPerSecond);
}

/** How much of the latencies under load is the probe's own. */
export function probeNote(rounds: readonly LoadedRound[]): string {
  const isPreferred = rounds.every(({ loaded }) => loaded.preferred);
  const delays = rounds.flatMap(({ loaded }) => loaded.delays);
  const right = isPreferred ? "goes before other processes" : "has no right to go before other processes";
  const late = (percent: number): string =>
    `${formatNumber(percentile(delays, percent), 2)} ms (p${percent})`;
  return `the probe ${right}; it sent late by ${late(50)}, ${late(99)}, part of the figures under load`;
}
