import { pathToFileURL } from "node:url";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { BackgroundCall } from "../app/background.ts";
import type { AppTarget } from "../app/load.ts";
import type { Operation } from "../app/operation.ts";
import type { Override } from "../app/overrides.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { bindTask, type TaskDeclaration } from "../app/task.ts";
import { BackgroundChains } from "../background/chains.ts";
import { Exchange } from "../operation/exchange.ts";
import { answerFailure } from "../operation/failure.ts";
import type { Place } from "../operation/place.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import type { CallClass } from "../threads/call.ts";
import { createThreadCalls, type ThreadCalls } from "../threads/calls.ts";
import { ThreadPool } from "../threads/pool.ts";
import type { GivenValues } from "../threads/pool-options.ts";
import { listWork, OperationWork, type Work } from "../threads/work.ts";
import { type AppScope, openAppScope } from "./app-scope.ts";

/** An operation that can be asked. */
export interface RunnableOperation {
  readonly declaration: Operation;
  /** Whether it, or something it needs, reads a form. */
  readonly readsForm: boolean;
  /** One request, on the operation's lane. Gives a reply whatever happens. */
  readonly run: (request: RawRequest) => Promise<RawReply>;
  /** Requests it has not answered yet. */
  running: number;
}

/** An app with its two lanes open: what the server needs of it. */
export interface Lanes {
  readonly operations: readonly RunnableOperation[];
  /** Answers an error that no operation threw: a path that is not there. */
  answerError(error: Error, request: RawRequest): Promise<RawReply>;
  readonly background: BackgroundChains;
  /** Undefined when nothing in the app runs on threads. */
  readonly pool: ThreadPool | undefined;
  /** Ends the threads; tasks can no longer be called. */
  close(): Promise<void>;
}

/**
 * Opens the lanes of an app: makes what lasts as long as it, starts the first thread if anything runs on threads, and lets tasks be
 * called.
 *
 * @param replaced - What a test puts in place of dependencies.
 */
export async function openLanes(
  app: App,
  settings: ResolvedSettings,
  target: AppTarget | undefined,
  log: Logger,
  replaced: readonly Override[] = [],
): Promise<Lanes> {
  const scope = await openAppScope(app, replaced);
  try {
    const works = listWork(app, scope.overrides);
    const pool = works.some(({ declaration }) => declaration.lane === "thread")
      ? createPool(app, works, settings, target, log, scope.given)
      : undefined;
    await pool?.start();
    return connect(app, works, pool, scope, log);
  } catch (error) {
    await scope.kept.close();
    throw error;
  }
}

function connect(
  app: App,
  works: readonly Work[],
  pool: ThreadPool | undefined,
  scope: AppScope,
  log: Logger,
): Lanes {
  const { errorHandlers } = app.operationSettings;
  const threads = pool && createThreadCalls(pool, works, errorHandlers);
  const place: Place = {
    inThread: false,
    kept: scope.kept,
    makeOnThread: (remote) => (threads as ThreadCalls).makeOnThread(remote),
    answerOnThread: (...failure) => (threads as ThreadCalls).answerOnThread(...failure),
  };
  const runTask: RunTask = (task, args, callClass) =>
    task.lane === "thread" && threads !== undefined
      ? threads.task(task, args, callClass)
      : runOnLoop(task, args);
  for (const task of app.declaredTasks())
    bindTask(task, (declaration, args) => runTask(declaration, args, "request"));
  return {
    operations: works.flatMap((work, index) =>
      work instanceof OperationWork ? [runnable(work, index, threads, place)] : [],
    ),
    answerError: async (error, request) =>
      answerFailure({ errorHandlers }, new Exchange(request.method, request, false), request, error, place),
    background: new BackgroundChains(
      (call: BackgroundCall) => runTask(call.task, call.args, "background"),
      (failure, request, operation) => logTaskFailure(log, failure, request, operation),
    ),
    pool,
    close: async () => {
      for (const task of app.declaredTasks()) bindTask(task, undefined);
      await pool?.close();
      await scope.kept.close();
    },
  };
}

type RunTask = (
  task: Pick<TaskDeclaration, "name" | "lane" | "fn">,
  args: unknown[],
  callClass: CallClass,
) => Promise<unknown>;

function runnable(
  work: OperationWork,
  index: number,
  threads: ThreadCalls | undefined,
  place: Place,
): RunnableOperation {
  const { declaration, readsForm } = work;
  const run =
    declaration.lane === "thread" && threads !== undefined
      ? (request: RawRequest) => threads.operation(index, request)
      : (request: RawRequest) => runOperation(work.compiled, request, place);
  return { declaration, readsForm, run, running: 0 };
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
  given: GivenValues,
): ThreadPool {
  return new ThreadPool({
    ...settings.threads,
    given,
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
