import type { Lane } from "../../app/lane.ts";
import { within } from "../../app/within.ts";
import { counted } from "../../errors/counted.ts";
import type { AttemptLanes } from "../../lanes/attempts.ts";
import { formatJobId } from "../job-id.ts";
import { HEARTBEAT_SECONDS } from "../postgres/engine-setup.ts";
import type {
  Claim,
  DeadJob,
  JobStore,
  LossReason,
  LostAttempt,
  Notice,
  Outcome,
  TakenJob,
} from "../store.ts";
import { Attempt, type RunnableTask } from "./attempt.ts";
import type { Pulse } from "./pulse.ts";
import { Settlements } from "./settlements.ts";

/** Options of the loop. */
export interface JobLoopOptions {
  readonly store: JobStore;
  readonly tasks: ReadonlyMap<string, RunnableTask>;
  readonly lanes: AttemptLanes;
  /** How long a cancelled job on a thread may continue before its thread is ended. */
  readonly cancelGraceMs: number;
  readonly events: JobEvents;
}

/** Receives news of the loop. */
export interface JobEvents {
  /** The database refused something, or did not answer. */
  onError(error: unknown): void;
  /** A job was taken whose last attempt was lost, with the process that ran it or its connection. */
  onTakenAgain(attempt: Attempt): void;
  /** Attempts were broken off since the database says nothing. */
  onSilence(attempts: readonly Attempt[]): void;
  /** The database answers again, after so long. */
  onAnswer(silentMs: number): void;
  /** A job was found dead: its last attempt was lost. */
  onDead(job: DeadJob): void;
  /** An attempt began. */
  onStart(attempt: Attempt): void;
  /** An attempt ended. */
  onEnd(attempt: Attempt, outcome: Outcome, runMs: number): void;
}

/** How long the database has to store how attempts ended that were broken off by a shutdown. */
const STORE_MS = 2_000;
/** Jobs whose taking has lasted longer are not run: others may be given them before the next beat. */
const LATE_MS = HEARTBEAT_SECONDS * 1_000 - 2_000;
/** A job's progress is stored at most this often. */
const PROGRESS_MS = 250;

/** Takes jobs only as fast as they can start: each lane has a fixed number of places. */
export class JobLoop {
  readonly #options: JobLoopOptions;
  readonly #free: Record<Lane, number>;
  /** Those of one job may be several: a function that was broken off may continue while the job runs again. */
  readonly #running = new Set<Attempt>();
  /** Tasks that may have a job to take, in turn. */
  readonly #due = new Set<string>();
  /** How many jobs of a task are taken at once, where taking more has failed: together they may be too large. */
  readonly #most = new Map<string, number>();
  readonly #settlements: Settlements;
  #pulse: Pulse | undefined;
  #pulling: Promise<void> | undefined;
  #closing = false;
  #idle: PromiseWithResolvers<void> | undefined;
  /** How many jobs were taken so far, and how often the store did not say whether there are any. */
  #taken = 0;
  #failures = 0;

  constructor(options: JobLoopOptions) {
    this.#options = options;
    this.#free = { ...options.lanes.capacity };
    this.#settlements = new Settlements(options.store, (error) => options.events.onError(error));
  }

  /** Sets what reports that attempts are still running. */
  beatWith(pulse: Pulse): void {
    this.#pulse = pulse;
  }

  /** The attempts under way. */
  get running(): readonly Attempt[] {
    return [...this.#running];
  }

  /** Looks for jobs of one task, or of all. Resolves when as many have started as can. */
  pull(task?: string): Promise<void> {
    if (task === undefined) return this.#pullDue();
    this.#due.add(task);
    return this.#pullOnce();
  }

  async #pullDue(): Promise<void> {
    try {
      const due = await this.#options.store.due([...this.#options.tasks.keys()]);
      for (const task of due) this.#due.add(task);
    } catch (error) {
      this.#fail(error);
    }
    return this.#pullOnce();
  }

  /** One pull at a time: one that is requested meanwhile becomes part of it. */
  #pullOnce(): Promise<void> {
    this.#pulling ??= this.#pullAll().finally(() => {
      this.#pulling = undefined;
      // Handles requests that came after its last look.
      if (this.#canTake) void this.#pullOnce();
    });
    return this.#pulling;
  }

  async #pullAll(): Promise<void> {
    try {
      while (this.#canTake) await this.#takeNext();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failures++;
    this.#options.events.onError(error);
  }

  /**
   * Runs what is due, and what becomes due meanwhile. What another job holds up, or what runs elsewhere, is not waited
   * for.
   *
   * @returns Whether nothing is left to start here; false when the store did not say.
   */
  async drain(): Promise<boolean> {
    for (;;) {
      const [taken, failures] = [this.#taken, this.#failures];
      await this.pull();
      await this.idle();
      if (this.#failures !== failures) return false;
      if (this.#taken === taken) return true;
    }
  }

  /** Whether a task may have a job, and a place for it is free. */
  get #canTake(): boolean {
    return !this.#closing && this.#nextDue !== undefined;
  }

  get #nextDue(): string | undefined {
    return [...this.#due].find((due) => this.#freeFor(this.#options.tasks.get(due)) > 0);
  }

  async #takeNext(): Promise<void> {
    const { store, tasks } = this.#options;
    const name = this.#nextDue as string;
    const task = tasks.get(name) as RunnableTask;
    // Moves it behind the others, so that no task starves another.
    this.#due.delete(name);
    const most = Math.min(this.#freeFor(task), this.#most.get(name) ?? Number.POSITIVE_INFINITY);
    // Of the jobs that may be what ends processes, one runs here at a time: so the others survive it.
    const hasSuspect = this.running.some(({ isBroken, job }) => job.isSuspect && !isBroken);
    const askedAt = performance.now();
    const jobs = await store.take(name, most, hasSuspect).catch((error: unknown) => {
      this.#most.set(name, Math.max(1, Math.floor(most / 2)));
      throw error;
    });
    this.#takeMore(task);
    const isLate = performance.now() - askedAt > LATE_MS;
    if (isLate && jobs.length > 0) this.#due.add(name);
    if (this.#closing || isLate) return this.#putBack(jobs);
    if (jobs.length === most) this.#due.add(name);
    for (const job of jobs) void this.#run(this.#take(job, task));
  }

  #takeMore({ declaration: { name, lane } }: RunnableTask): void {
    const most = (this.#most.get(name) ?? Number.POSITIVE_INFINITY) + 1;
    if (most < this.#options.lanes.capacity[lane]) this.#most.set(name, most);
    else this.#most.delete(name);
  }

  /**
   * Puts back what was still being taken when the process began to close, or when the database went away: none of it has
   * run, and no attempt counts.
   */
  async #putBack(jobs: readonly TakenJob[]): Promise<void> {
    const outcome = { kind: "interrupted" } as const;
    await Promise.all(
      jobs.map((job) => this.#settlements.add({ claim: job, payload: job.payload, outcome })),
    );
  }

  #freeFor(task: RunnableTask | undefined): number {
    return task === undefined ? 0 : this.#free[task.declaration.lane];
  }

  #take(job: TakenJob, task: RunnableTask): Attempt {
    const attempt = new Attempt(job, task);
    this.#free[task.declaration.lane]--;
    this.#taken++;
    this.#running.add(attempt);
    this.#pulse?.add(job);
    if (job.lostBefore) this.#options.events.onTakenAgain(attempt);
    return attempt;
  }

  async #run(attempt: Attempt): Promise<void> {
    const { job } = attempt;
    const { lanes, events } = this.#options;
    const progress = new Progress((value) => this.#saveProgress(job, value));
    const start = performance.now();
    events.onStart(attempt);
    const outcome = await attempt.run(lanes, (value) => progress.report(value));
    const last = progress.stop();
    events.onEnd(attempt, outcome, performance.now() - start);
    await this.#settlements.add({ claim: job, payload: job.payload, outcome, progress: last });
    this.#leave(attempt);
  }

  /** @returns Whether it is stored. */
  async #saveProgress(claim: Claim, value: number): Promise<boolean> {
    try {
      await this.#options.store.saveProgress(claim, value);
      return true;
    } catch (error) {
      this.#options.events.onError(error);
      return false;
    }
  }

  #leave(attempt: Attempt): void {
    const { job, task } = attempt;
    this.#pulse?.remove(job);
    this.#running.delete(attempt);
    this.#free[task.declaration.lane]++;
    // The next job of its key, or of a task that was at its limit.
    if (isHeldBack(task)) this.#due.add(job.task);
    if (this.#running.size === 0) this.#tellIdle();
    if (this.#due.size > 0) void this.#pullOnce();
  }

  /** Handles a notice about jobs from any process. */
  hear(notice: Notice): void {
    const { task } = notice;
    if (notice.kind === "enqueued") void this.pull(task);
    if (notice.kind === "cancelled" && notice.takes !== undefined)
      this.lose({ uuid: notice.uuid, takes: notice.takes }, "cancelled");
    const own = this.#options.tasks.get(task);
    if (notice.kind === "changed" && own !== undefined && isHeldBack(own)) void this.pull(task);
  }

  /** Breaks off attempts, as far as they still run. */
  loseAll(lost: readonly LostAttempt[]): void {
    const broken = lost.flatMap(({ claim, why }) =>
      this.lose(claim, why).map((attempt) => ({ attempt, why })),
    );
    const silent = broken.filter(({ why }) => why === "silent").map(({ attempt }) => attempt);
    if (silent.length > 0) this.#options.events.onSilence(silent);
  }

  /**
   * Breaks off an attempt that must not go on; the next attempt of its job may have begun meanwhile.
   *
   * @returns What was broken off.
   */
  lose({ uuid, takes }: Pick<Claim, "uuid" | "takes">, why: LossReason): Attempt[] {
    return this.running.filter(
      (attempt) =>
        attempt.job.uuid === uuid &&
        attempt.job.takes === takes &&
        attempt.lose(why, this.#options.cancelGraceMs),
    );
  }

  /** Resolves when no attempt is under way, and no job is being taken. */
  async idle(): Promise<void> {
    await this.#pulling;
    if (this.#running.size === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #tellIdle(): void {
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Takes no more jobs, and puts back those that it is taking. */
  stop(): void {
    this.#closing = true;
  }

  /**
   * Breaks off whatever still runs: its jobs wait again, and the attempts do not count.
   *
   * @returns The jobs that were broken off.
   */
  async interrupt(): Promise<string[]> {
    this.stop();
    const attempts = this.running;
    const left = attempts.filter((attempt) => !attempt.isBroken && !attempt.isOver);
    await Promise.all(attempts.map((attempt) => attempt.interrupt()));
    if (!(await within(STORE_MS, this.idle()))) this.#giveUp();
    return left.map(({ job }) => formatJobId(job));
  }

  /** The database is away, and nobody knows for how long. */
  #giveUp(): void {
    const jobs = this.#settlements.giveUp().map(formatJobId);
    if (jobs.length === 0) return;
    const what = `gave up storing how ${counted(jobs.length, "job")} ended, since the database does not answer`;
    const next = "these attempts count as lost, and the jobs that have more are run again";
    this.#options.events.onError(new Error(`${what}; ${next}: ${jobs.join(", ")}`));
  }
}

/** Whether a job of the task may have to wait for another to end. */
function isHeldBack({ job: { ordered, concurrency } }: RunnableTask): boolean {
  return ordered || concurrency !== undefined;
}

/** A job's reported progress: stores the latest value, not too often. */
class Progress {
  readonly #save: (value: number) => Promise<boolean>;
  #value: number | undefined;
  #stored: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(save: (value: number) => Promise<boolean>) {
    this.#save = save;
  }

  report(value: number): void {
    this.#value = value;
    this.#timer ??= setTimeout(() => void this.#store(), PROGRESS_MS);
  }

  async #store(): Promise<void> {
    this.#timer = undefined;
    const value = this.#value as number;
    if (await this.#save(value)) this.#stored = value;
  }

  /** @returns The last value reported, unless it is stored already: one on its way could come too late. */
  stop(): number | undefined {
    clearTimeout(this.#timer);
    return this.#value === this.#stored ? undefined : this.#value;
  }
}
