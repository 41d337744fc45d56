/** The state of a job. */
export type ShownState = "waiting" | "running" | "done" | "failed" | "dead" | "cancelled";

/** What a list can be filtered by. Done and cancelled jobs are counted together, as ended ones. */
export type StateFilter = ShownState | "ended";

/** The number of jobs of a task in each state. */
export interface TaskCounts {
  readonly task: string;
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
  readonly dead: number;
  /** Done or cancelled. */
  readonly ended: number;
  readonly oldestWaitMs: number;
}

/** What the jobs view shows at once. Times are milliseconds since 1970. */
export interface JobsPage {
  /** The time of day at the server. */
  readonly now: number;
  /** Every durable task with its counts; null while they cannot be counted. */
  readonly tasks: readonly TaskCounts[] | null;
  readonly jobs: readonly JobRow[];
  /** The last job of this page, for requesting the next one; null when there is no next page. */
  readonly next: string | null;
}

/** A job in a list. */
export interface JobRow {
  readonly id: string;
  readonly task: string;
  readonly state: ShownState;
  readonly attempt: number;
  readonly key: string | null;
  readonly priority: number;
  /** 0-1; null until it reports any. */
  readonly progress: number | null;
  /** The beginning of its arguments. */
  readonly args: string;
  /** The first line of the reason why its last attempt failed. */
  readonly error: string | null;
  readonly enqueuedAt: number;
  readonly runAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** Everything about a job. */
export interface JobSheet {
  readonly now: number;
  readonly job: JobRow;
  /** Each as JSON, shortened if long; the same applies to the result. */
  readonly args: string;
  /** Null until it is done, and when it returned nothing. */
  readonly result: string | null;
  /** The newest attempts, in order. */
  readonly attempts: readonly AttemptRow[];
  /** How many attempts came before these. */
  readonly earlier: number;
}

/** One attempt of a job. */
export interface AttemptRow {
  readonly attempt: number;
  readonly process: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Null while it runs. */
  readonly outcome: "done" | "failed" | "dead" | "cancelled" | "interrupted" | "lost" | null;
  /** Why it failed: the error, followed by its causes. */
  readonly errors: readonly ErrorText[];
}

/** An error as text. */
export interface ErrorText {
  readonly title: string;
  readonly stack: string;
}

/** What can be done to jobs. */
export type JobAction = "retry" | "cancel";

/** The outcome by id: whatever was not done no longer applied. */
export interface JobActionDone {
  readonly done: readonly string[];
  readonly refused: readonly string[];
}
