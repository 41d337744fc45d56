import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { Figure, Percentiles } from "./batch.ts";

/** Ten hours: what lasts longer counts as that. */
const MAX_US = 36_000_000_000;

interface Tally {
  calls: number;
  failed: number;
  /** In microseconds. */
  readonly wait: RecordableHistogram;
  readonly run: RecordableHistogram;
  /** The number of the run, over all names, that was counted last. */
  lastRun: number;
}

/** Counts and percentiles of every name since the inspector was opened, in memory that does not grow with the runs. */
export class Figures {
  readonly #tallies: Tally[] = [];
  #runs = 0;

  /** How many runs were counted. */
  get runs(): number {
    return this.#runs;
  }

  count(name: number, queueMs: number, runMs: number, ok: boolean): void {
    const tally = this.#tallies[name] ?? this.#open(name);
    tally.calls++;
    if (!ok) tally.failed++;
    tally.wait.record(microseconds(queueMs));
    tally.run.record(microseconds(runMs));
    tally.lastRun = this.#runs++;
  }

  /** Of the names that ran since `runs` was as given. */
  since(runs: number): Figure[] {
    return this.#tallies.flatMap(({ calls, failed, wait, run, lastRun }, name) =>
      lastRun < runs ? [] : [{ name, calls, failed, wait: percentilesOf(wait), run: percentilesOf(run) }],
    );
  }

  #open(name: number): Tally {
    const tally = { calls: 0, failed: 0, wait: histogram(), run: histogram(), lastRun: 0 };
    this.#tallies[name] = tally;
    return tally;
  }
}

function histogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: MAX_US, figures: 2 });
}

/** A histogram counts from 1, so that what took no time is one more than it took; `percentilesOf` takes it off. */
function microseconds(ms: number): number {
  return Math.min(MAX_US, Math.max(0, Math.round(ms * 1000)) + 1);
}

function percentilesOf(recorded: RecordableHistogram): Percentiles {
  return [(recorded.percentile(50) - 1) / 1000, (recorded.percentile(99) - 1) / 1000];
}
