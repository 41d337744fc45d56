import type { App } from "../app/app.ts";
import type { Log } from "../app/log.ts";
import { partsOf, servedTaskDeclarations, servedTasks } from "../app/parts.ts";
import type { ResolvedJobs } from "../app/settings/jobs-settings.ts";
import type { BoundJobs, Jobs } from "../app/tasks/jobs.ts";
import { bindEnqueuer, type TaskDeclaration, type TaskEnqueuer } from "../app/tasks/task-declaration.ts";
import { counted } from "../errors/counted.ts";
import type { AttemptLanes } from "../lanes/attempts.ts";
import { answerAsOwner } from "./embedded/owner.ts";
import { placeOf, sayKept, sayOpening } from "./embedded/place.ts";
import { Enqueuer } from "./enqueuer.ts";
import { loggedEvents } from "./events.ts";
import { StoredJobs } from "./jobs.ts";
import { argumentsOf } from "./payload.ts";
import { Engine } from "./postgres/engine.ts";
import type { JobsPlace } from "./postgres/engine-setup.ts";
import { sayUnheard } from "./postgres/hearing.ts";
import { Outage } from "./postgres/outage.ts";
import { checkRights } from "./postgres/rights.ts";
import { sayUndeclared } from "./postgres/undeclared.ts";
import { checkSchedules, scheduleMark } from "./schedule.ts";
import type { JobTask } from "./store.ts";
import { explained } from "./unreachable.ts";
import type { RunnableTask } from "./worker/attempt.ts";
import { ThreadPulse, upkeep } from "./worker/pulse.ts";
import { JobWorker, type JobWorkerOptions } from "./worker/worker.ts";

/** Options for opening jobs. */
export interface OpenJobsOptions {
  readonly app: App;
  readonly settings: ResolvedJobs;
  readonly lanes: AttemptLanes;
  /** Returns the context that a job's trace is linked to. */
  readonly trace: () => unknown;
  readonly log: Log;
  /** Whether this process works on jobs or only enqueues them. */
  readonly works: boolean;
}

/** The jobs of an app that is served or worked on. */
export interface OpenJobs {
  readonly jobs: Jobs;
  /** Whether nothing can be stored now, since the thread of an embedded database has ended. */
  readonly isDown: boolean;
  /** Resolves when this process runs nothing and nothing is due that it could run; or when it is stopped. */
  drained(): Promise<void>;
  /** Takes no more jobs; waits for the running ones, and breaks off the rest when the time is over. */
  stop(graceMs: number): Promise<void>;
  /** Closes the store: nothing can be enqueued any more. */
  close(): Promise<void>;
}

/**
 * Opens the place where jobs are stored, makes tasks enqueueable, and works on jobs.
 *
 * @throws {OffloopError} `OFFLOOP_JOBS_PACKAGE`, `OFFLOOP_JOBS_DATABASE`, `OFFLOOP_JOBS_SCHEMA`, `OFFLOOP_JOBS_FOLDER`,
 * `OFFLOOP_JOBS_OWNED`, `OFFLOOP_JOBS_ORDER`, `OFFLOOP_OPTION_INVALID`, and those of `checkSchedules`.
 */
export async function openJobs(options: OpenJobsOptions): Promise<OpenJobs> {
  const { app, settings, trace, log } = options;
  // Even where nothing is worked on: the process that works would not start.
  await checkSchedules(servedTaskDeclarations(app));
  const tasks = runnableTasks(app);
  const events = loggedEvents(log);
  const place = placeOf(settings);
  const said = sayOpening(place, log);
  let outage: Outage | undefined;
  const opening = Engine.open({
    place,
    schema: settings.schema,
    tasks: jobTasks(tasks),
    maxConnections: 10,
    onError: (error) => {
      events.onError(error);
      outage?.note(error);
    },
    onUnheard: () => sayUnheard(log, settings.pollMs),
  });
  const engine = await opening.finally(() => clearTimeout(said));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => engine.close());
  await checkRights(engine.sql, settings.schema);
  sayKept(settings, log);
  if (options.works) await sayUndeclared(engine.sql, settings.schema, tasks.keys(), log);
  if (!options.works) outage = new Outage(engine.sql, (silentMs) => events.onAnswer(silentMs));
  opened.defer(async () => outage?.close());
  const store = explained(engine);
  const jobs = new StoredJobs(store, Date.now);
  opened.defer(() => jobs.close());
  // Before the first job is taken, and until the last has ended: a job may enqueue others.
  opened.defer(bind(app, jobs, new Enqueuer(store, Date.now, trace)));
  const worker = options.works ? await work(options, { engine, place, tasks, events }) : undefined;
  opened.defer(async () => void (await worker?.close(0)));
  if ("dir" in place) opened.defer(await answerAsOwner(place.dir, jobs, (error) => sayUnasked(log, error)));
  const open = opened.move();
  return {
    jobs,
    get isDown() {
      return engine.isDown;
    },
    drained: async () => worker?.drained(),
    stop: async (graceMs) => worker && stop(worker, graceMs, log),
    close: () => open.disposeAsync(),
  };
}

/** Without its socket the process has all but the answers to `offloop jobs`. */
function sayUnasked(log: Log, { message }: Error): void {
  log.warn(`jobs: "offloop jobs" cannot ask this process, since the system refuses the socket: ${message}`);
}

/** What a worker works with. There is one log of events, so that no error is logged twice. */
interface WorkPlace extends Pick<JobWorkerOptions, "tasks" | "events"> {
  readonly engine: Engine;
  readonly place: JobsPlace;
}

function work(
  { settings, lanes }: OpenJobsOptions,
  { engine, place, tasks, events }: WorkPlace,
): Promise<JobWorker> {
  const { schema, pollMs, cancelGraceMs } = settings;
  return JobWorker.open({
    store: engine,
    tasks,
    lanes,
    events,
    pollMs,
    cancelGraceMs,
    openPulse: (listener) =>
      "dir" in place
        ? upkeep(engine, listener)
        : new ThreadPulse({ place, schema, tasks: jobTasks(tasks) }, listener),
  });
}

/** Closes a worker, and says which jobs it waits for and which it breaks off. */
async function stop(worker: JobWorker, graceMs: number, log: Log): Promise<void> {
  const { running } = worker;
  if (running.length > 0)
    log.info(
      { jobs: running },
      `waiting for ${counted(running.length, "job")}, up to ${graceMs} ms: ${running.join(", ")}`,
    );
  const left = await worker.close(graceMs);
  if (left.length === 0) return;
  log.warn(
    { jobs: left },
    `broke off ${counted(left.length, "job")} after ${graceMs} ms, to be run again: ${left.join(", ")}`,
  );
}

/** Connects `app.jobs` and `task.enqueue` to the jobs. @returns Disconnects them. */
export function bind(app: App, jobs: Jobs, enqueuer: TaskEnqueuer): () => void {
  const faces = partsOf(app).map((part) => part.app.jobs as BoundJobs);
  const tasks = servedTasks(app);
  const ends = [
    ...faces.map((face) => face.bind(jobs)),
    ...tasks.map((task) => bindEnqueuer(task, enqueuer)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** The durable tasks of an app, by name. */
export function runnableTasks(app: App): ReadonlyMap<string, RunnableTask> {
  return new Map(servedTaskDeclarations(app).flatMap((declaration) => runnable(declaration)));
}

function runnable(declaration: TaskDeclaration): [string, RunnableTask][] {
  const { name, durable } = declaration;
  if (durable === undefined) return [];
  const schedule = { mark: scheduleMark(declaration.schedule), since: Date.now() };
  return [[name, { declaration, job: { name, ...durable, schedule }, args: argumentsOf(declaration) }]];
}

/** The same tasks, in the form that a store needs. */
export function jobTasks(tasks: ReadonlyMap<string, RunnableTask>): JobTask[] {
  return [...tasks.values()].map(({ job }) => job);
}
