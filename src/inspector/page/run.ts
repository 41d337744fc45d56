import type { EndRow, Name } from "../batch.ts";

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
  /** A status; for a task 1 when it returned, for chunks of a stream 2 when they came, for both 0 when they threw. */
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

function outcomeText(outcome: number): string {
  if (outcome === 1) return "returned";
  if (outcome === 2) return "made chunks";
  return outcome === 0 ? "threw" : `answered ${outcome}`;
}

/** How a response ended after its operation had answered. */
export type ResponseEnd = EndRow[1];

const endTexts: Readonly<Record<ResponseEnd, string>> = {
  sent: "its stream was sent whole",
  broken: "its stream broke off",
  gone: "its client left before the end",
  cut: "the shutdown ended it",
};

/** The outcome of a run that ended; for an operation's, also how its response ended, if that is known. */
export function outcomeOf(store: RunOutcomes, { name, request, outcome }: Run): string {
  const end = store.names[name]?.kind === "operation" ? store.endOf(request) : undefined;
  return end === undefined ? outcomeText(outcome) : `${outcomeText(outcome)}, ${endTexts[end]}`;
}

interface RunOutcomes {
  readonly names: readonly Name[];
  endOf(request: string | null): ResponseEnd | undefined;
}
