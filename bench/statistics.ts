/** Several measurements of one thing. */
export interface Summary {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  return {
    median: percentile(values, 50),
    lowerQuartile: percentile(values, 25),
    upperQuartile: percentile(values, 75),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/**
 * The value that this percentage of all values does not exceed; interpolated between two values.
 *
 * @param percent - 0-100.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Each round's figure of one side relative to the other's in the same round: what slows the machine slows both. */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.flatMap((figure, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [figure / other];
  });
}
