import { DAY_MS, integer } from "../app/integer.ts";
import { servedTaskDeclarations } from "../app/parts.ts";
import type { EnqueuedJob, EnqueueOptions } from "../app/tasks/jobs.ts";
import {
  type TaskDeclaration,
  type TaskEnqueuer,
  type ThreadEnqueue,
  taskDeclaration,
} from "../app/tasks/task-declaration.ts";
import { within } from "../app/within.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { placeOf } from "../jobs/embedded/place.ts";
import { Enqueuer } from "../jobs/enqueuer.ts";
import { loggedEvents } from "../jobs/events.ts";
import { StoredJobs } from "../jobs/jobs.ts";
import { MemoryStore } from "../jobs/memory.ts";
import { bind, jobTasks, type OpenJobs, type OpenJobsOptions, runnableTasks } from "../jobs/open.ts";
import { Engine } from "../jobs/postgres/engine.ts";
import { checkSchedules, type Schedule, schedulesOf, storeNext } from "../jobs/schedule.ts";
import type { JobStore } from "../jobs/store.ts";
import { JobLoop } from "../jobs/worker/loop.ts";
import type { EnqueuedTestJob, TestJobs } from "./client-options.ts";

const CENTURY_MS = 36_500 * DAY_MS;

/** The jobs of an app under test, and the test's control over them. */
export interface OpenTestJobs extends OpenJobs {
  readonly testing: TestJobs;
}

/**
 * Opens jobs for a test: in memory, or in the real engine.
 *
 * @param isReal - Whether the database or folder of the settings stores them.
 */
export async function openTestJobs(options: OpenJobsOptions, isReal: boolean): Promise<OpenTestJobs> {
  const clock = new MovedClock(isReal);
  const tasks = jobTasks(runnableTasks(options.app));
  if (!isReal) return TestedJobs.open(options, new MemoryStore(tasks, clock), clock);
  const { schema } = options.settings;
  const { onError } = loggedEvents(options.log);
  const place = placeOf(options.settings);
  const engine = await Engine.open({ place, schema, tasks, maxConnections: 4, onError });
  return TestedJobs.open(options, engine, clock);
}

/** Stands still until the test moves it; a database's clock runs by itself. */
class MovedClock {
  readonly #isReal: boolean;
  #now: number = Date.now();

  constructor(isReal: boolean) {
    this.#isReal = isReal;
  }

  now(): number {
    return this.#isReal ? Date.now() : this.#now;
  }

  set(now: number): void {
    this.#now = now;
  }
}

/** Runs jobs when the test says so, on the app's own lanes. */
class TestedJobs implements TaskEnqueuer, TestJobs {
  mode: TestJobs["mode"] = "manual";
  readonly clock: TestJobs["clock"];
  readonly #store: JobStore;
  readonly #moved: MovedClock;
  readonly #loop: JobLoop;
  readonly #enqueuer: Enqueuer;
  readonly #schedules: readonly Schedule[];
  readonly #enqueued: EnqueuedTestJob[] = [];
  #draining: Promise<void> = Promise.resolve();

  private constructor(options: OpenJobsOptions, store: JobStore, clock: MovedClock) {
    const { app, settings, lanes, log, trace } = options;
    const tasks = runnableTasks(app);
    const events = loggedEvents(log);
    const { cancelGraceMs } = settings;
    this.#store = store;
    this.#moved = clock;
    this.#loop = new JobLoop({ store, tasks, lanes, cancelGraceMs, events });
    this.#enqueuer = new Enqueuer(store, () => clock.now(), trace);
    this.#schedules = schedulesOf(tasks.values());
    this.clock = { now: () => new Date(clock.now()), advance: (ms) => this.#advance(ms) };
  }

  static async open(options: OpenJobsOptions, store: JobStore, clock: MovedClock): Promise<OpenTestJobs> {
    const testing = new TestedJobs(options, store, clock);
    try {
      await checkSchedules(servedTaskDeclarations(options.app));
      await testing.#storeSchedules();
    } catch (error) {
      await store.close();
      throw error;
    }
    const stopListening = store.listen((notice) => {
      if (notice.kind === "cancelled") testing.#loop.hear(notice);
    });
    const jobs = new StoredJobs(store, () => clock.now());
    const unbind = bind(options.app, jobs, testing);
    return {
      testing,
      jobs,
      isDown: false,
      drained: () => testing.drain(),
      stop: async (graceMs) => {
        testing.#loop.stop();
        if (!(await within(graceMs, testing.#loop.idle()))) await testing.#loop.interrupt();
      },
      close: async () => {
        unbind();
        jobs.close();
        stopListening();
        await store.close();
      },
    };
  }

  enqueued<Inputs extends readonly unknown[]>(task?: object): EnqueuedTestJob<Inputs>[] {
    const name = task === undefined ? undefined : taskDeclaration(task)?.name;
    const own = this.#enqueued.filter((job) => name === undefined || job.task === name);
    return own as unknown as EnqueuedTestJob<Inputs>[];
  }

  async enqueue(
    task: TaskDeclaration,
    args: readonly unknown[],
    options: EnqueueOptions,
  ): Promise<EnqueuedJob> {
    const job = await this.#enqueuer.enqueue(task, args, options);
    this.#note(job, args, options);
    // A job must not wait for itself when it enqueues another one.
    if (this.mode === "inline" && this.#loop.running.length === 0) await this.drain();
    return job;
  }

  /** In "inline" mode the job runs as soon as it can, and nobody waits for it: it may need the very thread that waits. */
  async enqueueForThread(
    task: TaskDeclaration,
    args: readonly unknown[],
    asked: ThreadEnqueue,
  ): Promise<EnqueuedJob> {
    const job = await this.#enqueuer.enqueueForThread(task, args, asked);
    this.#note(job, args, asked.options);
    if (this.mode === "inline") void this.drain().catch(() => {});
    return job;
  }

  #note(job: EnqueuedJob, args: readonly unknown[], options: EnqueueOptions): void {
    const { key, delayMs, at, priority } = options;
    this.#enqueued.push({ ...job, args: [...args], options: { key, delayMs, at, priority } });
  }

  enqueueSync(task: TaskDeclaration): never {
    return this.#enqueuer.enqueueSync(task);
  }

  drain(): Promise<void> {
    const drained = this.#draining.then(async () => {
      await this.#loop.drain();
    });
    this.#draining = drained.catch(() => {});
    return drained;
  }

  async #advance(ms: number): Promise<void> {
    const store = this.#store;
    if (!(store instanceof MemoryStore)) {
      throw new OffloopError(
        "OFFLOOP_OPTION_INVALID",
        "Cannot move the clock: the jobs of this test are kept by a real database, which has a clock of its own",
        { fix: "leave jobs.url and jobs.dir out of the client's options, so that jobs are in memory" },
      );
    }
    const until =
      this.#moved.now() + integer("the ms of clock.advance()", ms, [0, CENTURY_MS], callerLocation());
    // A job whose time has come may wait for another, and the other for its next attempt: only what lies ahead counts.
    const next = (): number => store.nextDueAfter(this.#moved.now()) ?? Number.POSITIVE_INFINITY;
    for (let now = this.#moved.now(); now <= until; now = next()) {
      this.#moved.set(now);
      await this.drain();
      await this.#storeSchedules();
    }
    this.#moved.set(until);
  }

  async #storeSchedules(): Promise<void> {
    const now = new Date(this.#moved.now());
    for (const schedule of this.#schedules) {
      await storeNext(this.#store, schedule, now);
    }
  }
}
