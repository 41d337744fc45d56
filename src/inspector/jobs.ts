import {
  type Job,
  type JobAttempt,
  type JobState,
  type Jobs,
  jobStates,
  type TaskJobs,
} from "../app/jobs.ts";
import type { DescribedError } from "../errors/described-error.ts";
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
/** How many jobs one action may be about. */
export const MAX_ACTED = 100;

/** Which jobs are looked at. What is empty or unknown does not filter. */
export interface JobsQuery {
  readonly task: string | null;
  readonly state: string | null;
  /** A key, or the id of a job, with or without its task. */
  readonly find: string | null;
  /** The last job of the page before. */
  readonly after: string | null;
}

/** The jobs of an app as the page shows them: bounded in number and length. It keeps none. */
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

  /** One more than a page holds, where there is one. */
  async #find({ task, state, find, after }: JobsQuery, tasks: readonly TaskJobs[]): Promise<readonly Job[]> {
    const text = find?.trim() ?? "";
    const ids = idsIn(text, tasks);
    const isShown = (job: Job | undefined): job is Job => job !== undefined;
    if (ids.length > 0) return (await Promise.all(ids.map((id) => this.#jobs.get(id)))).filter(isShown);
    return this.#jobs.list({
      limit: PAGE_JOBS + 1,
      ...(task ? { task } : {}),
      ...(isState(state) ? { state } : {}),
      ...(text === "" ? {} : { key: text }),
      ...(after ? { after } : {}),
    });
  }

  /** All about a job; undefined when there is none, or none any more. */
  async sheet(id: string): Promise<JobSheet | undefined> {
    const [job, attempts] = await Promise.all([this.#jobs.get(id), this.#jobs.attempts(id)]);
    if (job === undefined) return undefined;
    const newest = attempts.slice(-MAX_ATTEMPTS);
    return {
      now: Date.now(),
      job: rowOf(job),
      args: shortened(job.args.map(jsonText).join(",\n"), TEXT_LENGTH),
      result: job.result === undefined ? null : shortened(jsonText(job.result), TEXT_LENGTH),
      attempts: newest.map(attemptOf),
      earlier: attempts.length - newest.length,
    };
  }

  /** @param ids - At most {@link MAX_ACTED}. */
  async act(action: JobAction, ids: readonly string[]): Promise<JobActionDone> {
    const done: string[] = [];
    const refused: string[] = [];
    for (const id of ids) ((await this.#jobs[action](id)) ? done : refused).push(id);
    this.#counts.forget();
    return { done, refused };
  }
}

/** Counting costs a walk through what waits: it takes no more than this share of the time, however many pages ask. */
const COUNTING_SHARE = 0.02;
const LEAST_MS = 500;

/** The counts of the tasks, for all open pages at once. */
class SharedCounts {
  readonly #jobs: Jobs;
  #counted: Promise<TaskJobs[] | null> | undefined;
  #freshUntil = 0;

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** Null when they cannot be counted now: too many, or a database that is busy. */
  get(): Promise<TaskJobs[] | null> {
    if (this.#counted === undefined || performance.now() > this.#freshUntil) this.#counted = this.#count();
    return this.#counted;
  }

  /** Has them counted anew, at the next opportunity. */
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

const uuidPattern = /^(?:(.+)\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** The ids that a text may mean: without its task, a uuid is looked for in every task. */
function idsIn(text: string, tasks: readonly TaskJobs[]): string[] {
  const [, task, uuid] = uuidPattern.exec(text) ?? [];
  if (uuid === undefined) return [];
  const names = task === undefined ? tasks.map((one) => one.task) : [task];
  return names.map((name) => `${name}/${uuid.toLowerCase()}`);
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
    args: argumentsText(job.args),
    error: error === undefined ? null : shortened(titleOf(error).split("\n")[0] ?? "", PREVIEW_LENGTH),
    enqueuedAt: job.enqueuedAt.getTime(),
    runAt: job.runAt.getTime(),
    startedAt: job.startedAt?.getTime() ?? null,
    endedAt: job.endedAt?.getTime() ?? null,
  };
}

/** As they would stand between the parentheses of the call. */
function argumentsText(args: readonly unknown[]): string {
  return shortened(args.map((value) => JSON.stringify(value)).join(", "), PREVIEW_LENGTH);
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? "";
}

function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).toWellFormed()}…`;
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

/** An error, then what caused it. */
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

/** The frames alone: what stands before them is said by the title. */
function framesOf({ stack = "" }: DescribedError): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return shortened(frames.map((line) => line.trim()).join("\n"), TEXT_LENGTH);
}
