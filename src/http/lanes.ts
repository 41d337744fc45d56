import { pathToFileURL } from "node:url";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { AppTarget } from "../app/load.ts";
import type { Operation } from "../app/operation.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { bindTask, type TaskDeclaration } from "../app/task.ts";
import { BackgroundChains } from "../background/chains.ts";
import { runObserved } from "../background/observed-task.ts";
import type { TaskFailure } from "../background/run.ts";
import { withinDeadline } from "../operation/deadline.ts";
import type { RawReply } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import type { CallClass } from "../threads/call.ts";
import { timeoutError } from "../threads/call-error.ts";
import { createThreadCalls, type ThreadCalls } from "../threads/calls.ts";
import { ThreadPool } from "../threads/pool.ts";
import { refusedReply } from "../threads/refused-reply.ts";
import { listWork, OperationWork, type Work } from "../threads/work.ts";
import { openLoopWatch } from "./loop-watch.ts";
import type { HttpRequest } from "./request.ts";
import { WatchedOperation, watchTask } from "./watched-work.ts";

/** An operation that can be asked. */
export interface RunnableOperation {
  readonly declaration: Operation;
  /** One request, on the operation's lane. Gives a reply whatever happens. */
  readonly run: (request: HttpRequest) => Promise<RawReply>;
  /** Requests it has not answered yet. */
  running: number;
}

/** An app with its two lanes open: what the server needs of it. */
export interface Lanes {
  readonly operations: readonly RunnableOperation[];
  readonly background: BackgroundChains;
  /** Undefined when nothing in the app runs on threads. */
  readonly pool: ThreadPool | undefined;
  /** Whether the server shuts down: connections end with their response. */
  closing: boolean;
  /** Ends the threads; tasks can no longer be called. */
  close(): Promise<void>;
}

/** Opens the lanes of an app: starts the first thread if anything runs on threads, and lets tasks be called. */
export async function openLanes(
  app: App,
  settings: ResolvedSettings,
  target: AppTarget | undefined,
  log: Logger,
): Promise<Lanes> {
  const works = listWork(app);
  const pool = works.some(({ declaration }) => declaration.lane === "thread")
    ? createPool(app, works, settings, target, log)
    : undefined;
  await pool?.start();
  const watch = await openLoopWatch(settings.watch, log);
  const threads = pool && createThreadCalls(pool, works);
  const runTask = (task: TaskDeclaration, args: unknown[], callClass: CallClass): Promise<unknown> => {
    const timeoutMs = task.timeoutMs ?? settings.timeouts.taskMs;
    if (task.lane === "thread" && threads !== undefined)
      return threads.task(task, args, callClass, timeoutMs);
    if (watch === undefined) return runOnLoop(task, args, timeoutMs);
    return watchTask(task.name, () => runOnLoop(task, args, timeoutMs));
  };
  for (const task of app.declaredTasks())
    bindTask(task, (declaration, args) =>
      runObserved(declaration, undefined, () => runTask(declaration, args, "request")),
    );
  return {
    operations: works.flatMap((work, index) => {
      if (!(work instanceof OperationWork)) return [];
      const { declaration } = work;
      const run = runnerOf(work, index, threads, settings);
      const isWatched = declaration.lane === "loop" && watch !== undefined;
      return isWatched ? new WatchedOperation(declaration, run) : { declaration, run, running: 0 };
    }),
    background: new BackgroundChains(
      ({ task, args }, request) => runObserved(task, request, () => runTask(task, args, "background")),
      (failure, request, operation) => logTaskFailure(log, failure, request, operation),
    ),
    pool,
    closing: false,
    close: async () => {
      for (const task of app.declaredTasks()) bindTask(task, undefined);
      await Promise.all([pool?.close(), watch?.close()]);
    },
  };
}

/** How an operation is run is decided once: its lane, and whether it has a deadline. */
function runnerOf(
  work: OperationWork,
  index: number,
  threads: ThreadCalls | undefined,
  settings: ResolvedSettings,
): RunnableOperation["run"] {
  const { declaration, compiled } = work;
  const timeoutMs = declaration.timeoutMs ?? settings.timeouts.operationMs;
  if (declaration.lane === "thread" && threads !== undefined)
    return (request) => threads.operation(index, request, timeoutMs);
  if (timeoutMs === undefined) return (request) => runOperation(compiled, request, false);
  return (request) =>
    withinDeadline(timeoutMs, runOperation(compiled, request, false), (elapsedMs) => {
      const error = timeoutError(declaration, timeoutMs, elapsedMs, "loop");
      request.cancel(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
      return refusedReply(error);
    });
}

async function runOnLoop(
  task: TaskDeclaration,
  args: unknown[],
  timeoutMs: number | undefined,
): Promise<unknown> {
  if (timeoutMs === undefined) return task.fn(...args);
  const run = (async () => task.fn(...args))();
  return withinDeadline(timeoutMs, run, (elapsedMs) => {
    throw timeoutError({ id: `task ${task.name}`, location: task.location }, timeoutMs, elapsedMs, "loop");
  });
}

function createPool(
  app: App,
  works: readonly Work[],
  settings: ResolvedSettings,
  target: AppTarget | undefined,
  log: Logger,
): ThreadPool {
  return new ThreadPool({
    ...settings.threads,
    target: target ?? { url: pathToFileURL(app.location.file).href, exportName: undefined },
    workIds: works.map(({ id }) => id),
    works: works.map(({ id, declaration }) => ({ id, location: declaration.location })),
    logLevel: log.level,
    onLog: ({ level, fields, message }) => log[level](fields, message),
    onStartFailure: (error) => log.error({ code: error.code }, `${error.code}: ${error.message}`),
  });
}

function logTaskFailure(
  log: Logger,
  { task, error, skipped }: TaskFailure,
  request: string,
  operation: string,
): void {
  const rest =
    skipped.length === 0 ? "" : `; ${skipped.length} of its later tasks did not run: ${skipped.join(", ")}`;
  log.error(
    { reqId: request, operation, task, skipped, err: error },
    `background task "${task}" of ${operation} failed: ${error.message}${rest}`,
  );
}
