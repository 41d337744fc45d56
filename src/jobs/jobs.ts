import { integer } from "../app/integer.ts";
import { checkOptionNames } from "../app/option-names.ts";
import {
  type CancellableState,
  cancellableStates,
  type FollowOptions,
  type Job,
  type JobAttempt,
  type JobId,
  type JobState,
  type Jobs,
  type JobsFilter,
  type JobsInState,
  jobStates,
  MAX_LISTED_JOBS,
  type RetryableState,
  retryableStates,
  type TaskJobs,
} from "../app/tasks/jobs.ts";
import { waitingClient } from "../app/waiting-client.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { type Chosen, changeAll } from "./change-all.ts";
import { formatJobId, parseJobId } from "./job-id.ts";
import { Looks } from "./looks.ts";
import { isAbout } from "./notices.ts";
import type { JobRecord, JobRef, JobStore } from "./store.ts";

const ended: ReadonlySet<Job["state"]> = new Set(["done", "dead", "cancelled"]);
const filterNames: Readonly<Record<keyof JobsFilter, true>> = {
  task: true,
  state: true,
  key: true,
  after: true,
  limit: true,
};
const inStateNames: Readonly<Record<keyof JobsInState, true>> = { state: true, task: true, key: true };
/** Notices may be lost with a connection. */
const LOOK_MS = 5_000;

/** `app.jobs`, backed by a store. */
export class StoredJobs implements Jobs {
  readonly #store: JobStore;
  readonly #now: () => number;
  readonly #looks: Looks;
  readonly #followed = new Set<News>();

  constructor(store: JobStore, now: () => number) {
    this.#store = store;
    this.#looks = new Looks(store);
    this.#now = now;
  }

  async get<Result>(id: JobId<Result>): Promise<Job<Result> | undefined> {
    const ref = refOf("get", id);
    const record = ref && (await this.#store.find(ref));
    return record && (jobOf(record) as Job<Result>);
  }

  async list(filter: JobsFilter = {}): Promise<Job[]> {
    checkOptionNames("list jobs", filter, filterNames, callerLocation);
    const { task, state, key, after, limit } = filter;
    if (state !== undefined && !jobStates.includes(state))
      throw wrongState("list", { state, states: jobStates, fix: "pass one of these, or leave state out" });
    const most = integer("limit of jobs.list()", limit ?? 50, [1, MAX_LISTED_JOBS], callerLocation);
    const last = after === undefined ? undefined : refOf("list", after);
    if (after !== undefined && last === undefined) return []; // not the id of a job: nothing comes after it
    return (await this.#store.list({ task, state, key, after: last, limit: most })).map(jobOf);
  }

  async attempts(id: JobId): Promise<JobAttempt[]> {
    const ref = refOf("attempts", id);
    return ref === undefined ? [] : [...(await this.#store.attempts(ref))];
  }

  async counts(): Promise<TaskJobs[]> {
    return (await this.#store.depths()).map(({ oldestDueAt, ...counts }) => ({
      ...counts,
      oldestWaitMs: oldestDueAt === undefined ? 0 : Math.max(0, this.#now() - oldestDueAt.getTime()),
    }));
  }

  async cancel(id: JobId): Promise<boolean> {
    const ref = refOf("cancel", id);
    return ref !== undefined && this.#store.cancel(ref);
  }

  async retry(id: JobId): Promise<boolean> {
    const ref = refOf("retry", id);
    return ref !== undefined && this.#store.retry(ref);
  }

  async retryAll(jobs: JobsInState<RetryableState>): Promise<number> {
    return changeAll(this.#store, chosen("retry", jobs, retryableStates), {
      verb: "retry",
      many: (some, changed) => this.#store.retryMany(some, changed),
    });
  }

  async cancelAll(jobs: JobsInState<CancellableState>): Promise<number> {
    return changeAll(this.#store, chosen("cancel", jobs, cancellableStates), {
      verb: "cancel",
      many: (some, changed) => this.#store.cancelMany(some, changed),
    });
  }

  follow<Result>(id: JobId<Result>, options: FollowOptions = {}): AsyncGenerator<Job<Result>> {
    const at = callerLocation();
    const news = new News();
    const states = this.#follow(id, at, { news, signal: signalOf(options, at) });
    const end = states.return.bind(states);
    // A generator that waits would learn of its end only with its next value, which may never come.
    states.return = (value) => {
      news.end();
      return end(value);
    };
    return states;
  }

  /** Ends what still follows a job. */
  close(): void {
    for (const news of this.#followed) news.end();
  }

  async *#follow<Result>(
    id: JobId<Result>,
    at: SourceLocation,
    { news, signal }: { readonly news: News; readonly signal: AbortSignal | undefined },
  ): AsyncGenerator<Job<Result>> {
    const ref = refOf("follow", id, at);
    if (ref === undefined) throw unknownJob(id, at);
    // A generator around this one that streams an answer cannot be ended while it waits here.
    const signals = [signal, waitingClient()?.signal].filter((one) => one !== undefined);
    using _ = this.#hearOf(ref, news, signals);
    const checkSignals = (): void => {
      for (const one of signals) one.throwIfAborted();
    };
    checkSignals();
    let shown = "";
    while (!news.ended) {
      const next = news.next(LOOK_MS);
      const look = await this.#looks.look(ref);
      checkSignals();
      if (look === undefined && shown === "") throw unknownJob(id, at);
      if (look === undefined) return; // no longer stored
      const isLast = ended.has(look.record.state);
      const isNews = look.text !== shown;
      shown = look.text;
      // A copy: the app may change what it receives.
      if (isNews) yield jobOf(structuredClone(look.record)) as Job<Result>;
      if (isLast) return;
      await next;
      checkSignals();
    }
  }

  /** Tells of each notice about a job until it is disposed; a signal ends the news. */
  #hearOf(ref: JobRef, news: News, signals: readonly AbortSignal[]): Disposable {
    const heard = new DisposableStack();
    const end = (): void => news.end();
    heard.defer(end);
    heard.defer(this.#store.listen((notice) => isAbout(notice, ref) && news.tell()));
    this.#followed.add(news);
    heard.defer(() => void this.#followed.delete(news));
    for (const signal of signals) {
      signal.addEventListener("abort", end, { once: true });
      heard.defer(() => signal.removeEventListener("abort", end));
    }
    return heard;
  }
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`. */
function chosen(doing: string, jobs: JobsInState, states: readonly JobState[]): Chosen {
  checkOptionNames(`${doing} jobs`, jobs, inStateNames, callerLocation);
  const { state, task, key } = jobs;
  const fix = `pass one of these: app.jobs.${doing}All({ state: "dead" })`;
  if (!states.includes(state)) throw wrongState(doing, { state, states, fix });
  return { state, task, key };
}

interface WrongState {
  readonly state: unknown;
  readonly states: readonly JobState[];
  readonly fix: string;
}

function wrongState(doing: string, { state, states, fix }: WrongState): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot ${doing} jobs: expected one of ${states.join(", ")} as state, got ${shownValue(state)}`,
    { at: callerLocation(), fix },
  );
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when it is no signal, or stands in the place of the options. */
function signalOf(options: FollowOptions, at: SourceLocation): AbortSignal | undefined {
  const given = options instanceof AbortSignal ? options : options.signal;
  if (given === undefined || (given instanceof AbortSignal && given !== options)) return given;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot call app.jobs.follow: expected { signal } with an AbortSignal, got ${shownValue(given)}`,
    { at, fix: "pass the signal of the handler: app.jobs.follow(id, { signal })" },
  );
}

/** Waits for the next notice. */
class News {
  #told = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** Whether nobody waits for more. */
  get ended(): boolean {
    return this.#ended;
  }

  tell(): void {
    clearTimeout(this.#timer);
    this.#told.resolve();
  }

  /** Resolves on the next notice from now on, or after a while. */
  next(ms: number): Promise<void> {
    this.#told = Promise.withResolvers();
    this.#timer = setTimeout(this.#told.resolve, ms);
    return this.#told.promise;
  }

  end(): void {
    this.#ended = true;
    this.tell();
  }
}

/**
 * The job that an id refers to; undefined when the id is invalid.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when it is no text at all.
 */
function refOf(method: keyof Jobs, id: unknown, at?: SourceLocation): JobRef | undefined {
  if (typeof id === "string") return parseJobId(id);
  const pass = (job: string): string => (method === "list" ? `{ after: ${job} }` : job);
  const { got, fix } = notAnId(id, (job) => `app.jobs.${method}(${pass(job)})`);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot call app.jobs.${method}: expected the id of a job, which is text, got ${got}`,
    { at: at ?? callerLocation(), fix },
  );
}

function notAnId(
  given: unknown,
  call: (job: string) => string,
): { readonly got: string; readonly fix: string } {
  const isJob = typeof given === "object" && typeof (given as { id?: unknown } | null)?.id === "string";
  // The arguments of a job may hold secrets.
  const got = isJob ? "an object that has an id" : shownValue(given);
  if (given instanceof Promise) return { got, fix: `await it: ${call("(await job).id")}` };
  return { got, fix: `pass ${isJob ? "its id" : "the id that enqueue gave"}: ${call("job.id")}` };
}

function unknownJob(id: string, at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOB_UNKNOWN",
    `Cannot follow job ${shownValue(id)}: it does not exist, or has been deleted`,
    { at, fix: "ask app.jobs.get(id) first, and answer 404 where it gives undefined" },
  );
}

/** A job as users see it. */
function jobOf({ uuid, ...record }: JobRecord): Job {
  return { ...record, id: formatJobId({ task: record.task, uuid }) };
}
