import {
  type Job,
  type JobAttempt,
  type JobState,
  type Jobs,
  type JobsFilter,
  jobStates,
  type TaskJobs,
} from "../app/tasks/jobs.ts";
import type { DescribedError } from "../errors/described-error.ts";
import { shortened } from "../errors/shown-value.ts";
import type {
  AttemptRow,
  ErrorText,
  JobAction,
  JobActionDone,
  JobRow,
  JobSheet,
  JobsPage,
} from "./shown-jobs.ts";

const PAGE_JOBS = 50;
const PREVIEW_LENGTH = 160;
const TEXT_LENGTH = 20_000;
const MAX_ATTEMPTS = 50;
/** Maximum number of jobs per action. */
export const MAX_ACTED = 100;

/** Which jobs to show. Empty or unknown values do not filter. */
export interface JobsQuery {
  readonly task: string | null;
  /** A state, or `ended`: done or cancelled. */
  readonly state: string | null;
  /** A key, or the id of a job, with or without its task. */
  readonly find: string | null;
  /** The last job of the previous page. */
  readonly after: string | null;
}

/** An app's jobs in the form in which the page shows them: limited in number and length. It stores none. */
export class InspectedJobs {
  readonly #jobs: Jobs;
  readonly #counts: SharedCounts;

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
    this.#counts = new SharedCounts(jobs);
  }

  async page(query: JobsQuery): Promise<JobsPage> {
    const tasks = await this.#counts.get();
    const found = await this.#find(query, tasks ?? []);
    const jobs = found.slice(0, PAGE_JOBS);
    const next = found.length > PAGE_JOBS ? (jobs.at(-1)?.id ?? null) : null;
    return { now: Date.now(), tasks, jobs: jobs.map(rowOf), next };
  }

  /** Returns one more than a page holds, if there is one. */
  async #find({ task, state, find, after }: JobsQuery, tasks: readonly TaskJobs[]): Promise<readonly Job[]> {
    const text = find?.trim() ?? "";
    const ids = idsIn(text, tasks);
    const isShown = (job: Job | undefined): job is Job => job !== undefined;
    if (ids.length > 0) return (await Promise.all(ids.map((id) => this.#jobs.get(id)))).filter(isShown);
    const filter: JobsFilter = {
      limit: PAGE_JOBS + 1,
      ...(task ? { task } : {}),
      ...(text === "" ? {} : { key: text }),
      ...(after ? { after } : {}),
    };
    if (state === "ended") return this.#ended(filter);
    return this.#jobs.list({ ...filter, ...(isState(state) ? { state } : {}) });
  }

  /** Done and cancelled jobs, which are counted together. Both lists have the same order, so one `after` fits both. */
  async #ended(filter: JobsFilter): Promise<readonly Job[]> {
    const states = ["done", "cancelled"] as const;
    const lists = await Promise.all(states.map((state) => this.#jobs.list({ ...filter, state })));
    const endedAt = (job: Job): number => job.endedAt?.getTime() ?? 0;
    return lists
      .flat()
      .sort((one, other) => endedAt(other) - endedAt(one))
      .slice(0, filter.limit);
  }

  /** Everything about a job; undefined when it does not exist, or no longer does. */
  async sheet(id: string): Promise<JobSheet | undefined> {
    const [job, attempts] = await Promise.all([this.#jobs.get(id), this.#jobs.attempts(id)]);
    if (job === undefined) return undefined;
    const newest = attempts.slice(-MAX_ATTEMPTS);
    return {
      now: Date.now(),
      job: rowOf(job),
      args: unreadText(job) ?? shortened(job.args.map(jsonText).join(",\n"), TEXT_LENGTH),
      result: job.result === undefined ? null : shortened(jsonText(job.result), TEXT_LENGTH),
      attempts: newest.map(attemptOf),
      earlier: attempts.length - newest.length,
    };
  }

  /** @param ids - Up to {@link MAX_ACTED}. */
  async act(action: JobAction, ids: readonly string[]): Promise<JobActionDone> {
    const done: string[] = [];
    const refused: string[] = [];
    for (const id of ids) ((await this.#jobs[action](id)) ? done : refused).push(id);
    this.#counts.forget();
    return { done, refused };
  }
}

/** Counting walks through all waiting jobs: it takes no more than this share of the time, however many pages ask. */
const COUNTING_SHARE = 0.02;
const LEAST_MS = 500;

/** The counts of the tasks, shared by all open pages. */
class SharedCounts {
  readonly #jobs: Jobs;
  #counted: Promise<TaskJobs[] | null> | undefined;
  #freshUntil = 0;

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** Null when they cannot be counted now: there are too many, or the database is busy. */
  get(): Promise<TaskJobs[] | null> {
    if (this.#counted === undefined || performance.now() > this.#freshUntil) this.#counted = this.#count();
    return this.#counted;
  }

  /** Makes them be counted again at the next opportunity. */
  forget(): void {
    this.#counted = undefined;
  }

  async #count(): Promise<TaskJobs[] | null> {
    const begun = performance.now();
    this.#freshUntil = Number.POSITIVE_INFINITY;
    const counts = await this.#jobs.counts().catch(() => null);
    const now = performance.now();
    this.#freshUntil = now + Math.max(LEAST_MS, (now - begun) / COUNTING_SHARE);
    return counts;
  }
}

const uuidPattern = /^(?:(.+):)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** The ids that a text may refer to: a uuid without a task is looked for in every task. */
function idsIn(text: string, tasks: readonly TaskJobs[]): string[] {
  const [, task, uuid] = uuidPattern.exec(text) ?? [];
  if (uuid === undefined) return [];
  const names = task === undefined ? tasks.map((one) => one.task) : [task];
  return names.map((name) => `${name}:${uuid.toLowerCase()}`);
}

function isState(text: string | null): text is JobState {
  return jobStates.some((state) => state === text);
}

function rowOf(job: Job): JobRow {
  const { id, task, state, attempt, key, priority, progress, error } = job;
  return {
    id,
    task,
    state,
    attempt,
    key: key ?? null,
    priority,
    progress: progress ?? null,
    args: unreadText(job) ?? argumentsText(job.args),
    error: error === undefined ? null : shortened(titleOf(error).split("\n")[0] ?? "", PREVIEW_LENGTH),
    enqueuedAt: job.enqueuedAt.getTime(),
    runAt: job.runAt.getTime(),
    startedAt: job.startedAt?.getTime() ?? null,
    endedAt: job.endedAt?.getTime() ?? null,
  };
}

/** What stands in place of arguments that could not be read. */
function unreadText({ unread }: Job): string | undefined {
  return unread === undefined ? undefined : shortened(`cannot be read: ${unread}`, PREVIEW_LENGTH);
}

/** The arguments as they would appear in the call's parentheses. */
function argumentsText(args: readonly unknown[]): string {
  return shortened(args.map((value) => JSON.stringify(value)).join(", "), PREVIEW_LENGTH);
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? "";
}

function attemptOf({ attempt, process, startedAt, endedAt, outcome, error }: JobAttempt): AttemptRow {
  return {
    attempt,
    process,
    startedAt: startedAt.getTime(),
    endedAt: endedAt?.getTime() ?? null,
    outcome: outcome ?? null,
    errors: errorsOf(error),
  };
}

/** An error, followed by its causes. */
function errorsOf(error: DescribedError | undefined): ErrorText[] {
  if (error === undefined) return [];
  return [
    { title: shortened(titleOf(error), TEXT_LENGTH), stack: framesOf(error) },
    ...errorsOf(error.cause),
  ];
}

function titleOf({ type, message, code }: DescribedError): string {
  return `${type}${code === undefined ? "" : ` [${code}]`}: ${message}`;
}

/** Only the frames: the title already says what comes before them. */
function framesOf({ stack = "" }: DescribedError): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return shortened(frames.map((line) => line.trim()).join("\n"), TEXT_LENGTH);
}
