/** A run that ended. Times of day are milliseconds since the store's origin. */
export interface Run {
  /** Its position in the store's names. */
  readonly name: number;
  readonly request: string | null;
  /** Null when it ran on none. */
  readonly lane: number | null;
  /** Distinguishes runs that were on the loop at the same time. */
  readonly slot: number;
  readonly handedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** A status, or for a task 1 when it returned and 0 when it threw. */
  readonly outcome: number;
  /** The job it was an attempt of. */
  readonly job: string | undefined;
}

/** A run in progress, and the lane it is presumed to be on; undefined while it is presumed to be waiting. */
export interface Presumed {
  readonly name: number;
  readonly request: string | null;
  readonly slot: number;
  readonly handedAt: number;
  readonly startedAt: number;
  readonly lane: number | undefined;
}

/** A run that can be pointed at: one that ended, or one in progress. */
export type Shown = Run | Presumed;

export function hasEnded(run: Shown): run is Run {
  return "endedAt" in run;
}

/** Whether it threw or answered with 5xx. */
export function hasFailed({ outcome }: Pick<Run, "outcome">): boolean {
  return outcome === 0 || outcome >= 500;
}

export function outcomeText(outcome: number): string {
  if (outcome === 1) return "returned";
  return outcome === 0 ? "threw" : `answered ${outcome}`;
}
