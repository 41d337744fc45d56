import { pathToFileURL } from "node:url";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { AppTarget } from "../app/load.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { bindTask } from "../app/task.ts";
import { BackgroundChains } from "../background/chains.ts";
import { runObserved } from "../background/observed-task.ts";
import { runOperation } from "../operation/run.ts";
import type { CallClass } from "../threads/call.ts";
import { createThreadCalls } from "../threads/calls.ts";
import { ThreadPool } from "../threads/pool.ts";
import { listWork, OperationWork, type Work } from "../threads/work.ts";
import { openLoopWatch } from "./loop-watch.ts";
import type { RunnableOperation, RunnableTask } from "./runnable.ts";
import { runWatched, WatchedOperation } from "./watched-work.ts";

/** An app with its two lanes open: what the server needs of it. */
export interface Lanes {
  readonly operations: readonly RunnableOperation[];
  readonly background: BackgroundChains;
  /** Undefined when nothing in the app runs on threads. */
  readonly pool: ThreadPool | undefined;
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
  const runOnItsLane = (task: RunnableTask, args: unknown[], callClass: CallClass): Promise<unknown> => {
    if (task.lane === "thread" && threads !== undefined) return threads.task(task, args, callClass);
    return watch === undefined ? runOnLoop(task, args) : runWatched(task, args);
  };
  for (const task of app.declaredTasks())
    bindTask(task, (declaration, args) =>
      runObserved(declaration, undefined, () => runOnItsLane(declaration, args, "request")),
    );
  return {
    operations: works.flatMap((work, index) => {
      if (!(work instanceof OperationWork)) return [];
      const { declaration } = work;
      if (declaration.lane === "thread" && threads !== undefined)
        return { declaration, run: (request) => threads.operation(index, request), running: 0 };
      if (watch !== undefined) return new WatchedOperation(work);
      return { declaration, run: (request) => runOperation(work.compiled, request, false), running: 0 };
    }),
    background: new BackgroundChains(
      ({ task, args }, request) => runObserved(task, request, () => runOnItsLane(task, args, "background")),
      (failure, request, operation) => logTaskFailure(log, failure, request, operation),
    ),
    pool,
    close: async () => {
      for (const task of app.declaredTasks()) bindTask(task, undefined);
      await Promise.all([pool?.close(), watch?.close()]);
    },
  };
}

async function runOnLoop({ fn }: RunnableTask, args: unknown[]): Promise<unknown> {
  return fn(...args);
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
    onStartFailure: (error) => log.error({ code: error.code }, `${error.code}: ${error.message}`),
  });
}

function logTaskFailure(
  log: Logger,
  { task, error, skipped }: Parameters<ConstructorParameters<typeof BackgroundChains>[1]>[0],
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
