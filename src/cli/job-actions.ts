import type { App } from "../app/app.ts";
import type { ResolvedJobs } from "../app/settings/jobs-settings.ts";
import { resolveSettings } from "../app/settings/settings.ts";
import type { CancellableState, Job, JobState, Jobs, RetryableState } from "../app/tasks/jobs.ts";
import { counted } from "../errors/counted.ts";
import { printable } from "../errors/shown-value.ts";
import { createLogger } from "../http/logs/logger.ts";
import { askOwner } from "../jobs/embedded/owner.ts";
import { placeOf } from "../jobs/embedded/place.ts";
import { StoredJobs } from "../jobs/jobs.ts";
import { jobTasks, runnableTasks } from "../jobs/open.ts";
import { Engine } from "../jobs/postgres/engine.ts";
import { schemaSql } from "../jobs/postgres/engine-setup.ts";
import { findUndeclared, type Undeclared } from "../jobs/postgres/undeclared.ts";
import { printData } from "./data-output.ts";
import { loadToRead, loadToServe, parseTarget } from "./declared-app.ts";
import { durableTasks, openUntilSignalled, type Working } from "./work.ts";

type AskedJobs = Omit<Jobs, "follow">;

/** What is asked of jobs, and of which app. */
interface Asked {
  readonly jobs: AskedJobs;
  readonly app: App;
  /** Jobs that no process of this app runs; none where another process has the jobs open, which has said so itself. */
  readonly undeclared: () => Promise<readonly Undeclared[]>;
}

/** Which jobs `list` shows, and how; or which are retried or cancelled without ids. */
export interface ListOptions {
  readonly task?: string;
  readonly state?: JobState;
  readonly limit: number;
  readonly json?: boolean;
}

/** The available actions. */
export type JobAction = "list" | "count" | "show" | "retry" | "cancel" | "drain" | "schema";

/** Performs an action on the app of a module, and on jobs where it needs any. */
type Action = (module: string, ids: readonly string[], options: ListOptions) => Promise<void>;

export const actions: Readonly<Record<JobAction, Action>> = {
  list: (module, _, options) => list(module, options),
  count: (module) => count(module),
  show: (module, ids) => show(module, ids),
  retry: (module, ids, options) => (ids.length === 0 ? retryAll(module, options) : retry(module, ids)),
  cancel: (module, ids, options) => (ids.length === 0 ? cancelAll(module, options) : cancel(module, ids)),
  drain: (module) => drain(module),
  schema: (module) => schema(module),
};

async function list(module: string, { json, task, state, limit }: ListOptions): Promise<void> {
  await withJobs(module, async ({ jobs, app, undeclared }) => {
    const filter = {
      limit,
      ...(task === undefined ? {} : { task }),
      ...(state === undefined ? {} : { state }),
    };
    const all = await jobs.list(filter);
    if (task !== undefined && !durableTasks(app).some(({ name }) => name === task))
      note(`the app declares no durable task "${task}": none of its processes runs such jobs`);
    if (task === undefined)
      for (const one of await undeclared()) note(`${undeclaredText(one)}: --task shows them`);
    if (json === true) return print(JSON.stringify(all, undefined, 2));
    if (all.length === 0) return print("no jobs");
    print(HEADER);
    for (const job of all) print(line(job));
  });
}

async function count(module: string): Promise<void> {
  await withJobs(module, async ({ jobs, undeclared }) => {
    for (const { task, waiting, running, failed, dead, oldestWaitMs } of await jobs.counts())
      print(
        `${task}  ${waiting} waiting, ${running} running, ${failed} failed, ${dead} dead; the oldest has waited ${oldestWaitMs} ms`,
      );
    for (const one of await undeclared()) print(undeclaredText(one));
  });
}

/** Of a task that has no line of its own, since the app does not declare it. */
function undeclaredText({ task, waiting }: Undeclared): string {
  return `${task}  ${waiting} waiting, and the app does not declare it`;
}

async function show(module: string, ids: readonly string[]): Promise<void> {
  await withJobs(module, async ({ jobs }) => {
    for (const id of ids) {
      const job = await jobs.get(id);
      if (job === undefined) fail(`there is no job ${id}`);
      else print(JSON.stringify({ ...job, attempts: await jobs.attempts(id) }, undefined, 2));
    }
  });
}

async function retry(module: string, ids: readonly string[]): Promise<void> {
  await withJobs(module, async ({ jobs }) => {
    for (const id of ids)
      if (await jobs.retry(id)) print(`${id} will run`);
      else fail(`${id} cannot run again: it runs, is done, or is gone`);
  });
}

async function cancel(module: string, ids: readonly string[]): Promise<void> {
  await withJobs(module, async ({ jobs }) => {
    for (const id of ids)
      if (await jobs.cancel(id)) print(`${id} is cancelled`);
      else fail(`${id} has ended already, or is gone`);
  });
}

async function retryAll(module: string, { state, task }: ListOptions): Promise<void> {
  await withJobs(module, async ({ jobs }) => {
    const count = await jobs.retryAll({ state: state as RetryableState, task });
    print(`${counted(count, "job")} will run`);
  });
}

async function cancelAll(module: string, { state, task }: ListOptions): Promise<void> {
  await withJobs(module, async ({ jobs }) => {
    const count = await jobs.cancelAll({ state: state as CancellableState, task });
    print(`${counted(count, "job")} cancelled`);
  });
}

/** Runs what is due, and what becomes due meanwhile; a signal ends it earlier. Says what is left. */
async function drain(module: string): Promise<void> {
  const target = parseTarget(module);
  const app = await loadToServe(target);
  durableTasks(app);
  const settings = resolveSettings(app.settings);
  const log = createLogger("warn");
  let ended: Promise<void> | undefined;
  const end = (working: Working): Promise<void> => {
    ended ??= leave(working, settings.shutdownGraceMs);
    return ended;
  };
  const working = await openUntilSignalled(app, { settings, target, log, isProbed: false }, end);
  await working.jobs.drained();
  await end(working);
}

async function leave(working: Working, graceMs: number): Promise<void> {
  try {
    await working.stop(graceMs);
    print(await left(working.jobs.jobs));
  } finally {
    await working.close();
  }
}

/** What is left, in one line. */
async function left(jobs: Jobs): Promise<string> {
  const counts = await jobs.counts();
  const waiting = counts.reduce((sum, of) => sum + of.waiting + of.failed, 0);
  const running = counts.reduce((sum, of) => sum + of.running, 0);
  const next = await nextRun(jobs);
  const parts = [
    ...(next === undefined ? [] : [`${waiting} waiting${since(next)}`]),
    ...(running === 0 ? [] : [`${running} still running`]),
  ];
  return parts.length === 0 ? "no job is left to run" : `left: ${parts.join("; ")}`;
}

/** When the next of the jobs that wait, or are tried again, may run. */
async function nextRun(jobs: Jobs): Promise<Date | undefined> {
  const lists = await Promise.all([
    jobs.list({ state: "waiting", limit: 1 }),
    jobs.list({ state: "failed", limit: 1 }),
  ]);
  return lists
    .flat()
    .map(({ runAt }) => runAt)
    .sort((a, b) => a.getTime() - b.getTime())[0];
}

/** A job whose time has come waits for another: of its key, or of a task at its limit. */
function since(next: Date): string {
  const isLater = next.getTime() > Date.now();
  return isLater
    ? ` for later, the next at ${next.toISOString()}`
    : `, the first since ${next.toISOString()}`;
}

async function schema(module: string): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  printData(await schemaSql(resolveSettings(app.settings).jobs.schema));
}

/** Asks the process that has the embedded jobs open, or opens the jobs itself. */
async function withJobs(module: string, ask: (asked: Asked) => Promise<void>): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  durableTasks(app);
  const settings = resolveSettings(app.settings).jobs;
  const place = placeOf(settings);
  const owner = "dir" in place ? await askOwner(place.dir) : undefined;
  if (owner !== undefined) return ask({ jobs: owner, app, undeclared: async () => [] });
  const engine = await openEngine(app, settings);
  try {
    const undeclared = (): Promise<readonly Undeclared[]> =>
      findUndeclared(engine.sql, settings.schema, runnableTasks(app).keys());
    await ask({ jobs: new StoredJobs(engine, Date.now), app, undeclared });
  } finally {
    await engine.close();
  }
}

function openEngine(app: App, settings: ResolvedJobs): Promise<Engine> {
  return Engine.open({
    place: placeOf(settings),
    schema: settings.schema,
    tasks: jobTasks(runnableTasks(app)),
    maxConnections: 2,
    asIs: true,
    onError: ({ message }) => process.stderr.write(`jobs: ${message}\n`),
  });
}

/** The columns of a list; a time is as long as "2026-11-29T12:00:00.000Z". */
const HEADER = `${"enqueued".padEnd(24)}  ${"state".padEnd(9)}  ${"due, begun or ended".padEnd(24)}  attempt, id`;

function line({ id, state, attempt, progress, error, ...times }: Job): string {
  const { enqueuedAt, runAt, startedAt, endedAt } = times;
  const isDue = state === "waiting" || state === "failed";
  const when = (isDue ? runAt : (endedAt ?? startedAt)) ?? runAt;
  const done = progress === undefined ? "" : ` ${Math.round(progress * 100)} %`;
  const why = error === undefined ? "" : `  ${error.type}: ${error.message.split("\n")[0]}`;
  return `${time(enqueuedAt)}  ${state.padEnd(9)}  ${time(when)}  attempt ${attempt}${done}  ${id}${why}`;
}

/** The process that has a folder open sends dates as text. */
function time(at: Date): string {
  return new Date(at).toISOString();
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(text: string): void {
  printData(`${printable(text)}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
