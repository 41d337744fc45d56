import { pathToFileURL } from "node:url";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { BackgroundCall } from "../app/background.ts";
import type { AppTarget } from "../app/load.ts";
import type { Operation } from "../app/operation.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { bindTask, type TaskDeclaration } from "../app/task.ts";
import { BackgroundChains } from "../background/chains.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import type { CallClass } from "../threads/call.ts";
import { createThreadCalls } from "../threads/calls.ts";
import { ThreadPool } from "../threads/pool.ts";
import { listWork, OperationWork, type Work } from "../threads/work.ts";

/** An operation that can be asked. */
export interface RunnableOperation {
  readonly declaration: Operation;
  /** One request, on the operation's lane. Gives a reply whatever happens. */
  readonly run: (request: RawRequest) => Promise<RawReply>;
  /** Requests it has not answered yet. */
  running: number;
}

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
  const threads = pool && createThreadCalls(pool, works);
  const runTask = (
    task: Pick<TaskDeclaration, "name" | "lane" | "fn">,
    args: unknown[],
    callClass: CallClass,
  ): Promise<unknown> =>
    task.lane === "thread" && threads !== undefined
      ? threads.task(task, args, callClass)
      : runOnLoop(task, args);
  for (const task of app.declaredTasks())
    bindTask(task, (declaration, args) => runTask(declaration, args, "request"));
  return {
    operations: works.flatMap((work, index) => {
      if (!(work instanceof OperationWork)) return [];
      const { declaration } = work;
      const onThread = declaration.lane === "thread" && threads !== undefined;
      const run = onThread
        ? (request: RawRequest) => threads.operation(index, request)
        : (request: RawRequest) => runOperation(work.compiled, request, false);
      return { declaration, run, running: 0 };
    }),
    background: new BackgroundChains(
      (call: BackgroundCall) => runTask(call.task, call.args, "background"),
      (failure, request, operation) => logTaskFailure(log, failure, request, operation),
    ),
    pool,
    close: async () => {
      for (const task of app.declaredTasks()) bindTask(task, undefined);
      await pool?.close();
    },
  };
}

async function runOnLoop({ fn }: Pick<TaskDeclaration, "fn">, args: unknown[]): Promise<unknown> {
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
