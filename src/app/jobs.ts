import type { DescribedError } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";

/**
 * Where a job stands: `waiting` for its time or a free place, `running`, `done`, `failed` and to be tried again, `dead`
 * with no attempts left or with arguments that no longer fit, or `cancelled`.
 */
export type JobState = "waiting" | "running" | "done" | "failed" | "dead" | "cancelled";

/** Every state there is. */
export const jobStates: readonly JobState[] = ["waiting", "running", "done", "failed", "dead", "cancelled"];

declare const resultOf: unique symbol;

/** The id of a job. It knows the type of the job's result. */
export type JobId<Result = unknown> = string & {
  /** @internal Carries the type of the result. */
  readonly [resultOf]?: Result;
};

/** A job that is stored. */
export interface EnqueuedJob<Result = unknown> {
  /** Its id. Use it to find the job, and as the key of effects that must not happen twice. */
  readonly id: JobId<Result>;
  /** The task's name. */
  readonly task: string;
}

/** How a job is enqueued. */
export interface EnqueueOptions {
  /**
   * A transaction that is open on the database of the jobs, of `pg`, Drizzle, Kysely, Knex or Prisma: the job is stored if
   * and only if it commits. Async functions only, and not where the jobs are embedded.
   */
  readonly tx?: unknown;
  /**
   * At most one job of a key waits or runs: enqueueing again returns that one. In an ordered task, jobs of a key run one
   * after the other instead.
   */
  readonly key?: string;
  /** How long it waits before it may run. Milliseconds, 0-31,536,000,000 (a year). Default 0. */
  readonly delayMs?: number;
  /** When it may run, in place of `delayMs`. */
  readonly at?: Date;
  /** Its rank among the waiting jobs of its task: the highest first. Integer, -1,000,000-1,000,000. Default 0. */
  readonly priority?: number;
}

/** A job, as it stands. */
export interface Job<Result = unknown> extends EnqueuedJob<Result> {
  /** Where it stands. */
  readonly state: JobState;
  /** Number of its current or last attempt, from 1; 0 before the first. */
  readonly attempt: number;
  /** Its arguments, as they were stored. */
  readonly args: readonly unknown[];
  /** The key it was enqueued with. */
  readonly key: string | undefined;
  /** Its rank among the waiting jobs of its task. */
  readonly priority: number;
  /** How far it says it is: 0-1. Undefined until it says so. */
  readonly progress: number | undefined;
  /** The task's result, once it is done. */
  readonly result: Result | undefined;
  /** Why its last attempt failed. */
  readonly error: DescribedError | undefined;
  /** When it was enqueued. */
  readonly enqueuedAt: Date;
  /** From when it may run. */
  readonly runAt: Date;
  /** When its current or last attempt began. */
  readonly startedAt: Date | undefined;
  /** When it ended: done, dead or cancelled. */
  readonly endedAt: Date | undefined;
}

/** One try of a job. */
export interface JobAttempt {
  /** Its number, from 1. One that a shutdown broke off has the number of the one before. */
  readonly attempt: number;
  /** Host and process that ran it. */
  readonly process: string;
  /** When it began. */
  readonly startedAt: Date;
  /** When it ended; undefined while it runs. */
  readonly endedAt: Date | undefined;
  /**
   * How it ended; undefined while it runs. `dead`: it failed, and trying again would not help. `interrupted`: a shutdown
   * broke it off, and it does not count. `lost`: its process died, or lost the database.
   */
  readonly outcome: "done" | "failed" | "dead" | "cancelled" | "interrupted" | "lost" | undefined;
  /** Why it failed. */
  readonly error: DescribedError | undefined;
}

/** Which jobs are listed. */
export interface JobsFilter {
  /** Those of one task. Default: of all. */
  readonly task?: string;
  /** Those of one state. Default: of all. */
  readonly state?: JobState;
  /** Those that were enqueued with this key. Default: with any, and without. */
  readonly key?: string;
  /** Lists the jobs after this one: pass the last id of a page to get the next. Default: from the first. */
  readonly after?: JobId;
  /** How many at most. Integer, 1-1,000. Default 50. */
  readonly limit?: number;
}

/** The number of jobs of a task in each state. */
export interface TaskJobs {
  /** The task's name. */
  readonly task: string;
  /** How many wait. */
  readonly waiting: number;
  /** How many run. */
  readonly running: number;
  /** How many failed and wait to be tried again. */
  readonly failed: number;
  /** How many are dead. More than 10,000 are as they were counted last. */
  readonly dead: number;
  /** How many are done or cancelled, and still kept. More than 10,000 are as they were counted last. */
  readonly ended: number;
  /** For how long the oldest that may run has waited. Milliseconds; 0 when none does. */
  readonly oldestWaitMs: number;
}

/**
 * The jobs of an app's durable tasks, on any machine. On the loop only: await it in async functions.
 *
 * @example
 * ```ts
 * import { App, HTTPError } from "offloop";
 *
 * const app = new App();
 * const report = app.task("report", { durable: true }, (month: string) => ({ month, pages: 12 }));
 *
 * app.post("/reports/:month", async ({ params }) => report.enqueue(params.month));
 * app.get("/jobs/*", async ({ request }) => {
 *   const job = await app.jobs.get(decodeURIComponent(request.url.slice("/jobs/".length)));
 *   if (job === undefined) throw new HTTPError(404);
 *   return { state: job.state, progress: job.progress };
 * });
 * ```
 */
export interface Jobs {
  /** A job; undefined when there is none, or none any more. */
  get<Result>(id: JobId<Result>): Promise<Job<Result> | undefined>;
  /**
   * Jobs of one task, state or key or all, the newest first. Those that are waiting or failed come in the order in which
   * they may run; those that are done, dead or cancelled, the last that ended first.
   */
  list(filter?: JobsFilter): Promise<Job[]>;
  /** The attempts of a job, in order. */
  attempts(id: JobId): Promise<JobAttempt[]>;
  /** The number of jobs of each task in each state. */
  counts(): Promise<TaskJobs[]>;
  /**
   * Stops a job. One that waits never starts. One that runs, on any machine, has its `signal` aborted, and on a thread is
   * ended after `jobs.cancelGraceMs`. A dead one is given up: in an ordered task, the next of its key may run.
   *
   * @returns Whether it was still to be stopped.
   */
  cancel(id: JobId): Promise<boolean>;
  /**
   * Has a job run now that is dead, cancelled, failed or waiting for later; a dead one gets one attempt more.
   *
   * @returns Whether it will run. False for a job that runs or is done, or whose key another job has by now.
   */
  retry(id: JobId): Promise<boolean>;
  /**
   * A job as it stands now, and again whenever that changes, until it has ended.
   *
   * @throws {OffloopError} `OFFLOOP_JOB_UNKNOWN`, from its first step, when there is none.
   */
  follow<Result>(id: JobId<Result>): AsyncIterable<Job<Result>>;
}

/** Jobs that are there only while their app is served. */
export class BoundJobs implements Jobs {
  #jobs: Jobs | undefined;

  /** Gives it what answers; undefined when that is no longer there. */
  bind(jobs: Jobs | undefined): void {
    this.#jobs = jobs;
  }

  get<Result>(id: JobId<Result>): Promise<Job<Result> | undefined> {
    return this.#bound().get(id);
  }

  list(filter?: JobsFilter): Promise<Job[]> {
    return this.#bound().list(filter);
  }

  attempts(id: JobId): Promise<JobAttempt[]> {
    return this.#bound().attempts(id);
  }

  counts(): Promise<TaskJobs[]> {
    return this.#bound().counts();
  }

  cancel(id: JobId): Promise<boolean> {
    return this.#bound().cancel(id);
  }

  retry(id: JobId): Promise<boolean> {
    return this.#bound().retry(id);
  }

  follow<Result>(id: JobId<Result>): AsyncIterable<Job<Result>> {
    return this.#bound().follow(id);
  }

  #bound(): Jobs {
    if (this.#jobs !== undefined) return this.#jobs;
    throw new OffloopError(
      "OFFLOOP_NOT_SERVING",
      "Cannot reach the jobs: the app is not served here, or none of its tasks is durable",
      { fix: "ask in an async function of a served app that declares a task with durable: true" },
    );
  }
}
