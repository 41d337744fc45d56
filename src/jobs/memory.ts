import type { JobState } from "../app/tasks/jobs.ts";
import { NoticeBoard } from "./notices.ts";
import type {
  AttemptRecord,
  Claim,
  CurrentSchedule,
  JobFilter,
  JobRecord,
  JobRef,
  JobStore,
  JobTask,
  NewJob,
  Notice,
  Settlement,
  TakenJob,
  TaskDepth,
} from "./store.ts";

/** A clock that tests move. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

interface StoredJob extends NewJob {
  readonly order: number;
  readonly enqueuedAt: number;
  payload: NewJob["payload"];
  state: JobState;
  runAt: Date;
  takes: number;
  begun: boolean;
  retryLimit: number;
  progress: number | undefined;
  result: unknown;
  error: JobRecord["error"];
  startedAt: number | undefined;
  endedAt: number | undefined;
  readonly attempts: MutableAttempt[];
}

type MutableAttempt = { -readonly [Field in keyof AttemptRecord]: AttemptRecord[Field] };

const unsettled: ReadonlySet<JobState> = new Set(["waiting", "running", "failed"]);
const LONGEST_BACKOFF_MS = 3_600_000;

/** Stores jobs in memory, for tests: the same rules, without a database, and with a clock that the test moves. */
export class MemoryStore implements JobStore {
  readonly #clock: Clock;
  readonly #tasks: ReadonlyMap<string, JobTask>;
  readonly #jobs = new Map<string, StoredJob>();
  readonly #notices = new NoticeBoard();
  /** How many jobs were added. */
  #added = 0;

  constructor(tasks: readonly JobTask[], clock: Clock) {
    this.#tasks = new Map(tasks.map((task) => [task.name, task]));
    this.#clock = clock;
  }

  async add(job: NewJob): Promise<string> {
    const { key, uuid } = job;
    const task = this.#taskOf(job.task);
    if (this.#jobs.has(uuid)) return uuid;
    const same = key === undefined || task.ordered ? undefined : this.#withKey(job);
    if (same !== undefined) return same.uuid;
    const now = this.#clock.now();
    this.#jobs.set(uuid, {
      ...job,
      // As it would come back from a database.
      payload: structuredClone(job.payload),
      order: this.#added++,
      enqueuedAt: now,
      runAt: job.runAt ?? new Date(now),
      state: "waiting",
      takes: 0,
      begun: false,
      retryLimit: task.retries,
      progress: undefined,
      result: undefined,
      error: undefined,
      startedAt: undefined,
      endedAt: undefined,
      attempts: [],
    });
    this.#notices.tell({ kind: "enqueued", task: job.task });
    return uuid;
  }

  #withKey({ task, key }: NewJob): StoredJob | undefined {
    return this.#of(task).find((job) => job.key === key && unsettled.has(job.state));
  }

  async due(tasks: readonly string[]): Promise<readonly string[]> {
    return tasks.filter((task) => this.#ready(task).length > 0);
  }

  async take(name: string, most: number): Promise<readonly TakenJob[]> {
    const { concurrency = Number.POSITIVE_INFINITY } = this.#taskOf(name);
    const running = this.#of(name).filter(({ state }) => state === "running").length;
    return this.#ready(name)
      .slice(0, Math.max(0, Math.min(most, concurrency - running)))
      .map((job) => this.#start(job));
  }

  /** Jobs whose time has come: by priority, then by age. For an ordered task, the first of each key. */
  #ready(name: string): StoredJob[] {
    const now = this.#clock.now();
    const { ordered } = this.#taskOf(name);
    const all = this.#of(name).sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || a.order - b.order);
    const due = all.filter(
      ({ state, runAt }) => (state === "waiting" || state === "failed") && runAt.getTime() <= now,
    );
    return ordered ? due.filter((job) => this.#isHead(job, all)) : due;
  }

  #isHead(job: StoredJob, all: readonly StoredJob[]): boolean {
    const same = all.filter(({ key }) => key === job.key);
    const held = same.some(({ state }) => state === "running" || state === "dead" || state === "failed");
    const isOldest = same.every(({ state, order }) => state !== "waiting" || order >= job.order);
    return job.state === "failed" || (!held && isOldest);
  }

  #start(job: StoredJob): TakenJob {
    if (job.begun) job.takes++;
    job.begun = true;
    job.state = "running";
    job.startedAt = this.#clock.now();
    job.progress = undefined;
    job.attempts.push({
      attempt: job.takes + 1 - (job.payload.interrupted ?? 0),
      process: "test",
      startedAt: new Date(job.startedAt),
      endedAt: undefined,
      outcome: undefined,
      error: undefined,
    });
    const { task, uuid, takes, retryLimit, enqueuedAt } = job;
    const claim = { task, uuid, takes, retryLimit };
    // The next attempt has the arguments as they were stored, whatever this one does to its own.
    const payload = structuredClone(job.payload);
    return { ...claim, payload, enqueuedAt: new Date(enqueuedAt), lostBefore: false, isSuspect: false };
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    for (const settlement of settlements) this.#settleOne(settlement);
  }

  #settleOne({ claim, outcome, progress }: Settlement): void {
    const job = this.#jobs.get(claim.uuid);
    if (job === undefined) return;
    const attempt = job.attempts[claim.takes];
    if (attempt !== undefined) {
      attempt.endedAt = new Date(this.#clock.now());
      attempt.outcome = outcome.kind;
      attempt.error = "error" in outcome ? outcome.error : undefined;
    }
    if (job.state === "running" && job.takes === claim.takes) {
      job.progress = progress ?? job.progress;
      this.#apply(job, outcome);
    }
    this.#notices.tell({ kind: "changed", task: job.task, uuid: job.uuid });
  }

  #apply(job: StoredJob, outcome: Settlement["outcome"]): void {
    job.error = "error" in outcome ? outcome.error : undefined;
    if (outcome.kind === "done") this.#end(job, "done", outcome.result);
    if (outcome.kind === "dead" || (outcome.kind === "failed" && job.takes >= job.retryLimit))
      this.#end(job, "dead", undefined);
    else if (outcome.kind === "failed") {
      job.state = "failed";
      const waitMs = outcome.retryAfterMs ?? backoffMs(this.#taskOf(job.task), job.takes);
      job.runAt = new Date(this.#clock.now() + waitMs);
    }
    if (outcome.kind === "interrupted") {
      job.state = "waiting";
      job.retryLimit++;
      job.payload = { ...job.payload, interrupted: (job.payload.interrupted ?? 0) + 1 };
    }
  }

  #end(job: StoredJob, state: JobState, result: unknown): void {
    job.state = state;
    job.result = result;
    job.endedAt = this.#clock.now();
  }

  async saveProgress({ task, uuid, takes }: Claim, value: number): Promise<void> {
    const job = this.#jobs.get(uuid);
    if (job?.state === "running" && job.takes === takes) job.progress = value;
    this.#notices.tell({ kind: "progress", task, uuid, value });
  }

  async cancel({ task, uuid }: JobRef): Promise<boolean> {
    const job = this.#jobs.get(uuid);
    if (job === undefined || job.state === "done" || job.state === "cancelled") return false;
    this.#end(job, "cancelled", undefined);
    this.#notices.tell({ kind: "cancelled", task, uuid, takes: job.begun ? job.takes : undefined });
    return true;
  }

  async retry({ task, uuid }: JobRef): Promise<boolean> {
    const job = this.#jobs.get(uuid);
    if (job === undefined || job.state === "running" || job.state === "done") return false;
    if (job.state === "dead") job.retryLimit++;
    job.state = job.state === "cancelled" || job.state === "waiting" ? "waiting" : "failed";
    job.runAt = new Date(this.#clock.now());
    job.endedAt = undefined;
    const { schedule: _, scheduledSince: __, ...payload } = job.payload;
    job.payload = payload;
    this.#notices.tell({ kind: "enqueued", task });
    return true;
  }

  cancelMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void> {
    return changeEach(jobs, changed, (job) => this.cancel(job));
  }

  retryMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void> {
    return changeEach(jobs, changed, (job) => this.retry(job));
  }

  async find({ uuid }: JobRef): Promise<JobRecord | undefined> {
    const job = this.#jobs.get(uuid);
    return job && recordOf(job);
  }

  findAll(jobs: readonly JobRef[]): Promise<readonly (JobRecord | undefined)[]> {
    return Promise.all(jobs.map((job) => this.find(job)));
  }

  async list({ task, state, key, after, limit }: JobFilter): Promise<readonly JobRecord[]> {
    const last = after && this.#jobs.get(after.uuid);
    if (after !== undefined && last === undefined) return [];
    const compare = orderOf(state);
    return [...this.#jobs.values()]
      .filter((job) => task === undefined || job.task === task)
      .filter((job) => state === undefined || job.state === state)
      .filter((job) => key === undefined || job.key === key)
      .filter((job) => last === undefined || compare(last, job) < 0)
      .sort(compare)
      .slice(0, limit)
      .map(recordOf);
  }

  listRefs(filter: JobFilter): Promise<readonly JobRef[]> {
    return this.list(filter);
  }

  async attempts({ uuid }: JobRef): Promise<readonly AttemptRecord[]> {
    return this.#jobs.get(uuid)?.attempts ?? [];
  }

  async depths(): Promise<readonly TaskDepth[]> {
    return [...this.#tasks.keys()].map((task) => {
      const jobs = this.#of(task);
      const count = (state: JobState): number => jobs.filter((job) => job.state === state).length;
      const dueAt = this.#ready(task).map(({ runAt }) => runAt);
      return {
        task,
        waiting: count("waiting"),
        running: count("running"),
        failed: count("failed"),
        dead: count("dead"),
        ended: count("done") + count("cancelled"),
        oldestDueAt: dueAt.sort((a, b) => a.getTime() - b.getTime())[0],
      };
    });
  }

  async dropSchedules(task: string, { mark, since }: CurrentSchedule): Promise<boolean> {
    const others = [...this.#of(task)].filter(
      ({ state, payload: { schedule } }) =>
        state === "waiting" && schedule !== undefined && schedule !== mark,
    );
    const former = others.filter(({ payload: { scheduledSince = 0 } }) => scheduledSince <= since);
    for (const { uuid } of former) this.#jobs.delete(uuid);
    return former.length < others.length;
  }

  /** The first instant after another at which a job's time comes; undefined when none waits for one. */
  nextDueAfter(now: number): number | undefined {
    let next: number | undefined;
    for (const { state, runAt } of this.#jobs.values()) {
      const time = runAt.getTime();
      const isDue = (state === "waiting" || state === "failed") && time > now;
      if (isDue && (next === undefined || time < next)) next = time;
    }
    return next;
  }

  listen(onNotice: (notice: Notice) => void): () => void {
    return this.#notices.listen(onNotice);
  }

  async close(): Promise<void> {}

  #of(task: string): StoredJob[] {
    return [...this.#jobs.values()].filter((job) => job.task === task);
  }

  #taskOf(name: string): JobTask {
    return this.#tasks.get(name) as JobTask;
  }
}

async function changeEach(
  jobs: readonly JobRef[],
  changed: Set<string>,
  change: (job: JobRef) => Promise<boolean>,
): Promise<void> {
  for (const job of jobs) if (await change(job)) changed.add(job.uuid);
}

function orderOf(state: JobState | undefined): (a: StoredJob, b: StoredJob) => number {
  if (state === "waiting" || state === "failed")
    return (a, b) => a.runAt.getTime() - b.runAt.getTime() || a.order - b.order;
  if (state === undefined || state === "running") return (a, b) => b.order - a.order;
  return (a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0) || b.order - a.order;
}

/** Without the jitter, so that a test knows how far to move the clock. */
function backoffMs({ backoffMs: first }: JobTask, takes: number): number {
  return Math.min(first * 2 ** takes, Math.max(first, LONGEST_BACKOFF_MS));
}

function recordOf(job: StoredJob): JobRecord {
  const { task, uuid, state, key, priority = 0, progress, result, error, runAt } = job;
  return {
    task,
    uuid,
    state,
    attempt: job.begun ? job.takes + 1 - (job.payload.interrupted ?? 0) : 0,
    args: structuredClone(job.payload.args),
    key,
    priority,
    progress,
    result: structuredClone(result),
    error: state === "done" ? undefined : error,
    enqueuedAt: new Date(job.enqueuedAt),
    runAt,
    startedAt: job.startedAt === undefined ? undefined : new Date(job.startedAt),
    endedAt: job.endedAt === undefined ? undefined : new Date(job.endedAt),
  };
}
