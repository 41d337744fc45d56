import type { DescribedError } from "../../errors/described-error.ts";
import { callerLocation } from "../../errors/location.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { Bindings } from "../settings/bindings.ts";

/**
 * The state of a job: `waiting` for its time or for capacity, `running`, `done`, `failed` and due for a retry, `dead`
 * with no attempts left, by a `JobError`, with arguments that no longer fit or a result that is not JSON, or `cancelled`.
 */
export type JobState = "waiting" | "running" | "done" | "failed" | "dead" | "cancelled";

/** The states from which a job can be made to run now. */
export const retryableStates: readonly RetryableState[] = ["waiting", "failed", "dead", "cancelled"];

/** The states in which there is something to cancel. */
export const cancellableStates: readonly CancellableState[] = ["waiting", "running", "failed", "dead"];

/** How many jobs a list has at most. */
export const MAX_LISTED_JOBS = 1_000;

/** Every state. */
export const jobStates: readonly JobState[] = ["waiting", "running", "done", "failed", "dead", "cancelled"];

declare const resultOf: unique symbol;

/** The id of a job: `task:uuid`, one segment of a URL as it stands. Its type knows the type of the job's result. */
export type JobId<Result = unknown> = string & {
  /** @internal Carries the type of the result. */
  readonly [resultOf]?: Result;
};

/** A stored job. */
export interface EnqueuedJob<Result = unknown> {
  /** Its id. Use it to find the job, and as the key of effects that must not happen twice. */
  readonly id: JobId<Result>;
  /** The task's name. */
  readonly task: string;
}

/** How a job is enqueued. */
export interface EnqueueOptions {
  /**
   * An open transaction on the database that stores the jobs, of `pg`, postgres.js, Drizzle, Kysely, Knex or Prisma:
   * the job is stored if and only if it commits. Only on the loop, and not with embedded jobs.
   */
  readonly tx?: unknown;
  /**
   * At most one job with a given key waits or runs: enqueueing again returns that one. In an ordered task, jobs with
   * the same key run one after another instead. A text of 1-500 characters.
   */
  readonly key?: string | undefined;
  /** How long it waits before it may run. Milliseconds, 0-31,536,000,000 (a year). Default 0. */
  readonly delayMs?: number | undefined;
  /** When it may run: a date of the years 1-9999. Cannot be combined with `delayMs`. */
  readonly at?: Date | undefined;
  /** Its priority among the waiting jobs of its task: the highest runs first. Integer, -1,000,000-1,000,000. Default 0. */
  readonly priority?: number | undefined;
}

/** A job in its current state. */
export interface Job<Result = unknown> extends EnqueuedJob<Result> {
  /** Its state. */
  readonly state: JobState;
  /** Number of its current or last attempt, from 1; 0 before the first. */
  readonly attempt: number;
  /** Its arguments, as they were stored. */
  readonly args: readonly unknown[];
  /** Why its arguments and its result could not be read, such as for their size: `args` is empty then. */
  readonly unread?: string | undefined;
  /** The key it was enqueued with. */
  readonly key: string | undefined;
  /** Its priority among the waiting jobs of its task. */
  readonly priority: number;
  /** The progress it has reported: 0-1. Undefined until it reports any. */
  readonly progress: number | undefined;
  /** The task's result, once it is done. */
  readonly result: Result | undefined;
  /** Why its last attempt failed. */
  readonly error: DescribedError | undefined;
  /** When it was enqueued. */
  readonly enqueuedAt: Date;
  /** The earliest time at which it may run. */
  readonly runAt: Date;
  /** When its current or last attempt began. */
  readonly startedAt: Date | undefined;
  /** When it ended: done, dead or cancelled. */
  readonly endedAt: Date | undefined;
}

/** One attempt at a job. */
export interface JobAttempt {
  /** Its number, from 1. The one after an `interrupted` attempt has the same number. */
  readonly attempt: number;
  /** The host and process that ran it. */
  readonly process: string;
  /** When it began. */
  readonly startedAt: Date;
  /** When it ended; undefined while it runs. */
  readonly endedAt: Date | undefined;
  /**
   * How it ended; undefined while it runs. `dead`: it failed, and a retry would not help. `interrupted`: a shutdown
   * or a database that was away broke it off, and it does not count. `lost`: its process died, or was cut off.
   */
  readonly outcome: "done" | "failed" | "dead" | "cancelled" | "interrupted" | "lost" | undefined;
  /** Why it failed. */
  readonly error: DescribedError | undefined;
}

/** Which jobs to list. */
export interface JobsFilter {
  /** Jobs of this task. Default: of all tasks. */
  readonly task?: string | undefined;
  /** Jobs in this state. Default: in any. */
  readonly state?: JobState | undefined;
  /** Jobs enqueued with this key. Default: with any key or none. */
  readonly key?: string | undefined;
  /** Lists the jobs after this one: pass the last id of a page to get the next. Default: from the first. */
  readonly after?: JobId | undefined;
  /** Maximum number of jobs. Integer, 1-1,000. Default 50. */
  readonly limit?: number | undefined;
}

/** Which jobs to retry or cancel together. */
export interface JobsInState<State extends JobState = JobState> {
  /** The state that they are in. Required, so that nothing is changed by what was left out. */
  readonly state: State;
  /** Jobs of this task, which the app need not declare any more. Default: of all tasks of the app. */
  readonly task?: string | undefined;
  /** Jobs enqueued with this key. Default: with any key or none. */
  readonly key?: string | undefined;
}

/** The states from which a job can be made to run now. */
export type RetryableState = "waiting" | "failed" | "dead" | "cancelled";

/** The states in which there is something to cancel. */
export type CancellableState = "waiting" | "running" | "failed" | "dead";

/** How to follow a job. */
export interface FollowOptions {
  /**
   * Stops following when it aborts, even while the job does not change: the next step rejects with its reason. Pass the
   * `signal` of a handler, or an `AbortSignal.timeout(ms)`. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
}

/** The number of jobs of a task in each state. */
export interface TaskJobs {
  /** The task's name. */
  readonly task: string;
  /** How many are waiting. Beyond 50,000 this is the most recent count, seconds old. */
  readonly waiting: number;
  /** How many are running. */
  readonly running: number;
  /** How many failed and wait for a retry. */
  readonly failed: number;
  /** How many are dead. Beyond 10,000 this is the most recent count. */
  readonly dead: number;
  /** How many are done or cancelled, and still stored. Beyond 10,000 this is the most recent count. */
  readonly ended: number;
  /** How long the oldest job that may run has been waiting. Milliseconds; 0 when there is none. */
  readonly oldestWaitMs: number;
}

/**
 * The jobs of an app's durable tasks, on any machine. On the loop only: await it in async functions. A plain function,
 * which runs on a thread, gets `OFFLOOP_JOBS_LANE`; an id that is not text, `OFFLOOP_OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { App, HTTPError } from "offloop";
 *
 * const app = new App();
 * const report = app.task("report", { durable: true }, (month: string) => ({ month, pages: 12 }));
 *
 * app.post("/reports/:month", async ({ params }) => report.enqueue(params.month));
 * app.get("/jobs/:id", async ({ params }) => {
 *   const job = await app.jobs.get(params.id);
 *   if (job === undefined) throw new HTTPError(404);
 *   return { state: job.state, progress: job.progress };
 * });
 * ```
 */
export interface Jobs {
  /** Returns a job; undefined when it does not exist, or no longer does. */
  get<Result>(id: JobId<Result>): Promise<Job<Result> | undefined>;
  /**
   * Lists the jobs of one task, state or key, or of all tasks of the app, the last enqueued first. With `state`, waiting
   * and failed jobs come in the order in which they may run; done, dead and cancelled ones with the most recently ended
   * first. `task` may also name one that the app does not declare any more.
   *
   * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`.
   */
  list(filter?: JobsFilter): Promise<Job[]>;
  /** Returns the attempts of a job, in order. */
  attempts(id: JobId): Promise<JobAttempt[]>;
  /** Returns the number of jobs of each task in each state. */
  counts(): Promise<TaskJobs[]>;
  /**
   * Stops a job. A waiting job never starts. If the job is running, on any machine, its `signal` aborts, and on a
   * thread it is ended after `jobs.cancelGraceMs`. A dead job is given up: in an ordered task, the next one of its key
   * may run.
   *
   * @returns Whether there was still something to stop.
   */
  cancel(id: JobId): Promise<boolean>;
  /**
   * Makes a job run now that is dead, cancelled, failed or waiting for later; a dead one gets one more attempt.
   *
   * @returns Whether it will run. False for a job that is running or done, or whose key another job has taken.
   */
  retry(id: JobId): Promise<boolean>;
  /**
   * The same as `retry` for every job in a state, such as all dead jobs of a task after an outage: 500 per transaction,
   * and each once, also where it dies again meanwhile. Safe to repeat, also where it was interrupted. Jobs that are
   * enqueued or change meanwhile may be left out.
   *
   * @returns How many will run.
   * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`; `OFFLOOP_JOBS_UNFINISHED`, which says how
   * many will run, when the database fails after some.
   * @example
   * ```ts
   * import { App } from "offloop";
   *
   * const app = new App();
   * app.task("notify", { durable: true }, async (url: string) => void (await fetch(url)));
   *
   * app.post("/retries", async () => ({ retried: await app.jobs.retryAll({ state: "dead", task: "notify" }) }));
   * ```
   */
  retryAll(jobs: JobsInState<RetryableState>): Promise<number>;
  /**
   * The same as `cancel` for every job in a state, in the way of `retryAll`.
   *
   * @returns How many were cancelled.
   * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_JOBS_UNFINISHED`.
   */
  cancelAll(jobs: JobsInState<CancellableState>): Promise<number>;
  /**
   * Yields a job in its current state, and again on every change, until it has ended or its app closes. In what streams
   * an answer, such as a generator for `sse`, it also stops when the client has gone.
   *
   * @throws {OffloopError} `OFFLOOP_JOB_UNKNOWN`, on its first step, when there is no such job;
   * `OFFLOOP_OPTION_INVALID` when `signal` is not an `AbortSignal`.
   * @throws The reason of the signal once that has aborted; by default a `DOMException`, an `AbortError`.
   * @example
   * ```ts
   * import { App, type JobId } from "offloop";
   *
   * const app = new App();
   * app.task("report", { durable: true }, (month: string) => ({ month, pages: 12 }));
   * app.websocket("/jobs/:id", async ({ params, socket, signal }) => {
   *   for await (const { state } of app.jobs.follow(params.id as JobId, { signal })) await socket.send({ state });
   * });
   * ```
   */
  follow<Result>(id: JobId<Result>, options?: FollowOptions): AsyncIterable<Job<Result>>;
}

/** Jobs that are available only while their app is served. */
export class BoundJobs implements Jobs {
  readonly #bound = new Bindings<Jobs>();
  #running: (() => string | undefined) | undefined;

  /** Sets what answers. @returns Ends that. */
  bind(jobs: Jobs): () => void {
    return this.#bound.bind(jobs);
  }

  /** This is a thread, which has no jobs. @param running - The name of what runs on it, if known. */
  refuse(running: () => string | undefined): void {
    this.#running = running;
  }

  get<Result>(id: JobId<Result>): Promise<Job<Result> | undefined> {
    return this.#jobs.get(id);
  }

  list(filter?: JobsFilter): Promise<Job[]> {
    return this.#jobs.list(filter);
  }

  attempts(id: JobId): Promise<JobAttempt[]> {
    return this.#jobs.attempts(id);
  }

  counts(): Promise<TaskJobs[]> {
    return this.#jobs.counts();
  }

  cancel(id: JobId): Promise<boolean> {
    return this.#jobs.cancel(id);
  }

  retry(id: JobId): Promise<boolean> {
    return this.#jobs.retry(id);
  }

  retryAll(jobs: JobsInState<RetryableState>): Promise<number> {
    return this.#jobs.retryAll(jobs);
  }

  cancelAll(jobs: JobsInState<CancellableState>): Promise<number> {
    return this.#jobs.cancelAll(jobs);
  }

  follow<Result>(id: JobId<Result>, options?: FollowOptions): AsyncIterable<Job<Result>> {
    return this.#jobs.follow(id, options);
  }

  get #jobs(): Jobs {
    const jobs = this.#bound.current;
    if (jobs !== undefined) return jobs;
    if (this.#running !== undefined) throw onThread(this.#running());
    throw new OffloopError(
      "OFFLOOP_NOT_SERVING",
      "Cannot reach the jobs: the app is not served here, or none of its tasks is durable",
      { fix: "ask in an async function of a served app that declares a task with durable: true" },
    );
  }
}

function onThread(name: string | undefined): OffloopError {
  const where = name ?? "a function";
  return new OffloopError("OFFLOOP_JOBS_LANE", `Cannot use app.jobs in ${where}: it runs on a thread`, {
    at: callerLocation(),
    fix: "make the function async, without `runs`, so that it runs on the loop",
  });
}
