/**
 * The upper limit of each bucket, relative to the previous one: values read from them are within
 * 1 % of what was recorded.
 */
const RATIO = 1.02;
/** Above ten hours, in microseconds: anything longer counts as that. */
const BUCKETS = Math.ceil(Math.log(36_000_000_000) / Math.log(RATIO)) + 1;

/** Counts of the non-empty buckets: the number of a bucket and its count, alternating. */
export type SketchCounts = readonly number[];

/**
 * How long things took, counted in a fixed number of buckets whose width grows with the duration. Processes count with
 * it, and the page adds up what they have counted.
 */
export class Sketch {
  readonly #counts: Uint32Array = new Uint32Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Records a duration in milliseconds. */
  record(ms: number): void {
    this.#add(bucketOf(ms), 1);
  }

  /** Adds what another sketch has counted. */
  merge(counts: SketchCounts): void {
    for (let at = 0; at + 1 < counts.length; at += 2) this.#add(counts[at] ?? 0, counts[at + 1] ?? 0);
  }

  /** The input for {@link merge}. */
  get counts(): SketchCounts {
    const counts: number[] = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) counts.push(bucket, count);
    return counts;
  }

  /** The duration within which `part` per cent finished, in milliseconds; undefined when nothing was recorded. */
  percentile(part: number): number | undefined {
    let rest = Math.ceil((this.#total * part) / 100);
    for (const [bucket, count] of this.#counts.entries()) {
      rest -= count;
      if (count > 0 && rest <= 0) return durationOf(bucket);
    }
    return undefined;
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#total += count;
  }
}

/** Anything below a microsecond counts as no time: bucket 0. */
function bucketOf(ms: number): number {
  const us = ms * 1000;
  if (!(us >= 1)) return 0;
  return Math.min(BUCKETS - 1, 1 + Math.floor(Math.log(us) / Math.log(RATIO)));
}

/** The middle of a bucket. */
function durationOf(bucket: number): number {
  return bucket === 0 ? 0 : RATIO ** (bucket - 0.5) / 1000;
}
