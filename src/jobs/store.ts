import type { EnqueuedJob, Job, JobAttempt, JobState, TaskJobs } from "../app/tasks/jobs.ts";
import type { DescribedError } from "../errors/described-error.ts";

/** What it takes to find a job. */
export interface JobRef {
  readonly task: string;
  readonly uuid: string;
}

/** What is stored of a job's call. */
export interface JobPayload {
  readonly args: readonly unknown[];
  /** How many of its attempts a shutdown broke off: they do not count. */
  readonly interrupted?: number;
  /** The schedule that it is an occurrence of. */
  readonly schedule?: string;
  /** When the process that stored this occurrence began to keep the schedule, as a timestamp. */
  readonly scheduledSince?: number;
  /** The trace context in which it was enqueued. */
  readonly trace?: unknown;
}

/** The schedule that a process keeps. */
export interface CurrentSchedule {
  /** Its mark; empty for a task without a schedule. */
  readonly mark: string;
  /** When the process began to keep it: those stored by processes that began later are newer. */
  readonly since: number;
}

/** A job to store. */
export interface NewJob extends JobRef {
  readonly payload: JobPayload;
  /** At most one job with a key waits or runs; in an ordered task, jobs with the same key run one after another. */
  readonly key?: string | undefined;
  readonly runAt?: Date | undefined;
  readonly priority?: number | undefined;
}

/** One attempt of a job. Settling an attempt that no longer has the job does nothing. */
export interface Claim extends JobRef {
  /** How often the job was taken before. */
  readonly takes: number;
  /** How often it may be taken again after the first time. */
  readonly retryLimit: number;
}

/** Why an attempt must not go on. */
export type LossReason =
  | "cancelled"
  /** Its job was taken away from this process. */
  | "lost"
  /** The database says nothing: the job may be taken away, or may still be this process's once it is heard again. */
  | "silent";

/** An attempt that must not go on, and why. */
export interface LostAttempt {
  readonly claim: Claim;
  readonly why: LossReason;
}

/** A job that is dead since its last attempt was lost, with the process that ran it or its connection. */
export interface DeadJob extends JobRef {
  /** The number of that attempt, counted as users see it. */
  readonly attempt: number;
}

/** A job for this process to run. */
export interface TakenJob extends Claim {
  /** Undefined where it could not be read. */
  readonly payload: JobPayload | undefined;
  /** What reading its payload has failed with. */
  readonly unread?: unknown;
  readonly enqueuedAt: Date;
  /** Whether the process that had it before died with it. */
  readonly lostBefore: boolean;
  /** Whether it was lost twice in a row: it may be what ends the processes. */
  readonly isSuspect: boolean;
}

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: "done"; readonly result: unknown }
  | {
      readonly kind: "failed";
      readonly error: DescribedError;
      /** When the next attempt may begin; undefined: after the back-off of the task. */
      readonly retryAfterMs?: number | undefined;
    }
  /** Failed, and not to be retried. */
  | { readonly kind: "dead"; readonly error: DescribedError }
  /** Broken off by a shutdown or a silent database: the job waits again, and the attempt does not count. */
  | { readonly kind: "interrupted" }
  /** The job was cancelled while it ran. */
  | { readonly kind: "cancelled" }
  /** The job was given to another process while it ran. */
  | { readonly kind: "lost" };

/** An attempt, and how it ended. */
export interface Settlement {
  readonly claim: Claim;
  /** Undefined where it could not be read: it stays as it is stored. */
  readonly payload: JobPayload | undefined;
  readonly outcome: Outcome;
  /** Its last reported progress; undefined when that is stored already, or it reported none. */
  readonly progress?: number | undefined;
}

/** A job for display: with its place in the store where users see its id. */
export type JobRecord = JobRef & Omit<Job, keyof EnqueuedJob>;

/** One attempt of a job, for display. */
export type AttemptRecord = JobAttempt;

/** Which jobs to list, in the order that `app.jobs.list()` promises. */
export interface JobFilter {
  readonly task?: string | undefined;
  readonly state?: JobState | undefined;
  readonly key?: string | undefined;
  /** The last job of the previous page. */
  readonly after?: JobRef | undefined;
  readonly limit: number;
}

/** The number of jobs of a task in each state, as the store counts them. */
export interface TaskDepth extends Omit<TaskJobs, "oldestWaitMs"> {
  /** Since when the job that has waited longest could have run; undefined when none could. */
  readonly oldestDueAt: Date | undefined;
}

/** Notices that processes send each other about jobs. */
export type Notice =
  | { readonly kind: "enqueued"; readonly task: string }
  | { readonly kind: "changed"; readonly task: string; readonly uuid: string }
  /** Names the attempt that is cancelled, since the job may run again before the notice arrives; undefined for none. */
  | {
      readonly kind: "cancelled";
      readonly task: string;
      readonly uuid: string;
      readonly takes: number | undefined;
    }
  | { readonly kind: "progress"; readonly task: string; readonly uuid: string; readonly value: number };

/** A durable task, as the store sees it. */
export interface JobTask {
  readonly name: string;
  readonly retries: number;
  readonly backoffMs: number;
  /** Undefined: as many as there is room for. */
  readonly concurrency: number | undefined;
  readonly ordered: boolean;
  readonly keepMs: number;
  readonly schedule: CurrentSchedule;
}

/** Stores jobs: pg-boss in a database, or memory in a test. */
export interface JobStore {
  /** Stores a job. @returns Its uuid, or that of the job that has its key. */
  add(job: NewJob, tx?: unknown): Promise<string>;
  /** Those of the tasks with a job whose time has come. */
  due(tasks: readonly string[]): Promise<readonly string[]>;
  /**
   * Takes jobs whose time has come; from then on it is up to this process to settle them. Occurrences of a task's former
   * schedules are removed instead: processes of the release before may store some after this one has begun.
   *
   * @param hasSuspect - Whether a suspect runs in this process. Of several, a process takes one; the others wait on.
   */
  take(task: string, most: number, hasSuspect?: boolean): Promise<readonly TakenJob[]>;
  /** Records how attempts ended. */
  settle(settlements: readonly Settlement[]): Promise<void>;
  /** Records the progress of an attempt. */
  saveProgress(claim: Claim, value: number): Promise<void>;
  /**
   * Keeps a job from being run, or from being run again; a dead one is given up. @returns Whether there was still
   * something to stop.
   */
  cancel(job: JobRef): Promise<boolean>;
  /** Runs a dead, failed or cancelled job now. @returns Whether it was one. */
  retry(job: JobRef): Promise<boolean>;
  /** Cancels several in few transactions. Adds the uuids of those that there was something to stop of, as it goes. */
  cancelMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void>;
  /** Runs several now, in few transactions. Adds the uuids of those that will run, as it goes. */
  retryMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void>;
  find(job: JobRef): Promise<JobRecord | undefined>;
  /** Each of them, in the same order; undefined for one that does not exist. */
  findAll(jobs: readonly JobRef[]): Promise<readonly (JobRecord | undefined)[]>;
  list(filter: JobFilter): Promise<readonly JobRecord[]>;
  /** The same jobs, without what they hold. */
  listRefs(filter: JobFilter): Promise<readonly JobRef[]>;
  attempts(job: JobRef): Promise<readonly AttemptRecord[]>;
  depths(): Promise<readonly TaskDepth[]>;
  /**
   * Removes the waiting occurrences of a task's former schedules.
   *
   * @returns Whether one of a newer schedule waits.
   */
  dropSchedules(task: string, current: CurrentSchedule): Promise<boolean>;
  /** Listens to notices about jobs. @returns Stops listening. */
  listen(onNotice: (notice: Notice) => void): () => void;
  close(): Promise<void>;
}
