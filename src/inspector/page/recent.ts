import { hasFailed, type Run } from "./run.ts";
import { Sketch } from "./sketch.ts";

/** How far back it reaches. */
const RECENT_SECONDS = 60;

/** What ended within one second. */
interface Second {
  readonly at: number;
  ended: number;
  failed: number;
}

/** The last minute, second by second: for all operations together, and for each name. Times of day are milliseconds. */
export class RecentSeconds {
  readonly #all = new Seconds();
  readonly #names = new Map<number, Seconds>();
  /** How long operations took including their wait, second by second. */
  readonly #took = new Map<number, Sketch>();
  /** The beginning of the known time. */
  #since = Number.POSITIVE_INFINITY;

  /**
   * @param ended - Runs that ended.
   * @param lost - How many more ended about which nothing is known.
   */
  count(ended: readonly Run[], lost: number, now: number): void {
    const newest = secondOf(now);
    this.#since = Math.min(this.#since, newest);
    if (lost > 0) this.#all.add(newest, lost, 0);
    for (const run of ended) {
      const second = secondOf(run.endedAt);
      if (second <= newest - RECENT_SECONDS) continue;
      this.#since = Math.min(this.#since, second);
      const seconds = this.#names.get(run.name) ?? new Seconds();
      this.#names.set(run.name, seconds);
      const failed = Number(hasFailed(run));
      seconds.add(second, 1, failed);
      if (run.outcome < 100) continue; // a task, not a request
      this.#all.add(second, 1, failed);
      const took = this.#took.get(second) ?? new Sketch();
      this.#took.set(second, took);
      took.record(run.endedAt - run.handedAt);
    }
    for (const second of this.#took.keys()) if (second <= newest - RECENT_SECONDS) this.#took.delete(second);
  }

  /** For all operations together. */
  requests(now: number): RecentCounts {
    return this.#all.counts(now, this.#since);
  }

  /** For one operation or task. */
  runsOf(name: number, now: number): RecentCounts {
    return (this.#names.get(name) ?? new Seconds()).counts(now, this.#since);
  }

  /**
   * The time within which 99 of 100 operations of the last seconds finished, including their wait;
   * undefined when none ended.
   */
  p99(now: number, seconds: number): number | undefined {
    const all = new Sketch();
    for (const [second, took] of this.#took) if (second > secondOf(now) - seconds) all.merge(took.counts);
    return all.percentile(99);
  }
}

/** What ended in each second of the last minute, oldest first. */
export interface RecentCounts {
  readonly ended: readonly number[];
  readonly failed: readonly number[];
  /** How many of these seconds are known, counted from the newest. */
  readonly known: number;
}

/** What ended in each of the newest seconds. */
class Seconds {
  readonly #ring: Second[] = [];

  add(second: number, ended: number, failed: number): void {
    const at = placeOf(second);
    const known = this.#ring[at];
    const counted = known?.at === second ? known : { at: second, ended: 0, failed: 0 };
    if (known !== undefined && known.at > second) return;
    this.#ring[at] = counted;
    counted.ended += ended;
    counted.failed += failed;
  }

  /** The current second is left out: it would always be the lowest. */
  counts(now: number, since: number): RecentCounts {
    const last = secondOf(now) - 1;
    const seconds = Array.from({ length: RECENT_SECONDS - 1 }, (_, at) => last - RECENT_SECONDS + 2 + at);
    const found = seconds.map((second) => {
      const one = this.#ring[placeOf(second)];
      return one?.at === second ? one : undefined;
    });
    return {
      ended: found.map((one) => one?.ended ?? 0),
      failed: found.map((one) => one?.failed ?? 0),
      known: Math.max(0, Math.min(seconds.length, last - since + 1)),
    };
  }
}

/** Position in the ring; times before the origin are negative. */
function placeOf(second: number): number {
  return ((second % RECENT_SECONDS) + RECENT_SECONDS) % RECENT_SECONDS;
}

function secondOf(time: number): number {
  return Math.floor(time / 1000);
}
