import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { Override } from "../app/dependency.ts";
import type { ErrorHandlers } from "../app/error-handlers.ts";
import type { AppTarget } from "../app/load.ts";
import type { Operation } from "../app/operation.ts";
import { hasPlugins, servedErrorHandlers, servedTasks } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { bindTask } from "../app/task.ts";
import { Exchange } from "../operation/context.ts";
import { answerError } from "../operation/error-reply.ts";
import type { SharedDependencies } from "../operation/open-dependencies.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import type { Runtime } from "../operation/runtime.ts";
import { checkSendable } from "../operation/sendable.ts";
import type { GivenValues } from "../threads/crossing/messages.ts";
import { listWork, OperationWork, type Work } from "../threads/crossing/work.ts";
import { createThreadCalls, type ThreadCalls } from "../threads/pool/calls.ts";
import { ThreadPool } from "../threads/pool/pool.ts";
import { tracedPool } from "../threads/pool/traced-pool.ts";
import { openTracing } from "../tracing/open.ts";
import type { Tracing } from "../tracing/tracing.ts";
import type { Watch } from "../watch/watch.ts";
import { type AppScope, openAppScope } from "./app-scope.ts";
import { BackgroundChains, runObserved, type TaskFailure } from "./background.ts";
import { deadlineOf, type OperationRunner, runnerOf, taskRunner, tracedTaskRunner } from "./choose.ts";
import { openLoopWatch } from "./loop-watch.ts";
import { WatchedOperation } from "./watched-work.ts";

/** A module that loads for longer does not end: it waits, or loops. Loading 200 schemas takes less than a second. */
const START_MS = 30_000;

/** An operation that can be asked. */
export interface RunnableOperation {
  readonly declaration: Operation;
  /** Whether it, or something it needs, reads a form. */
  readonly readsForm: boolean;
  /** Whether its body is parsed where it runs. */
  readonly parsesBody: boolean;
  /** One request, on the operation's lane. Gives a reply whatever happens. */
  readonly run: OperationRunner;
  /** Requests it has not answered yet. */
  running: number;
}

/** An app with its two lanes open: what the server needs of it. */
export interface Lanes {
  readonly operations: readonly RunnableOperation[];
  /** Answers an error that no operation threw, a path that is not there, as one of the apps answers it. */
  answerError(error: Error, request: RawRequest, errorHandlers: ErrorHandlers): Promise<RawReply>;
  readonly background: BackgroundChains;
  /** Undefined when nothing in the app runs on threads. */
  readonly pool: ThreadPool | undefined;
  /** Undefined when the loop is not watched, or cannot be. */
  readonly watch: Watch | undefined;
  /** Undefined when nobody takes spans. */
  readonly tracing: Tracing | undefined;
  /** Whether the server shuts down: connections end with their response. */
  closing: boolean;
  /** Ends the threads; tasks can no longer be called. */
  close(): Promise<void>;
}

/**
 * Opens the lanes of an app: makes what lasts as long as it, starts the first thread if anything runs on threads, and
 * lets tasks be called.
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
  await using opened = new AsyncDisposableStack();
  const scope = await openAppScope(app, replaced);
  opened.defer(() => scope.shared.close());
  const works = listWork(app, { overrides: scope.overrides, inputs: settings.inputs });
  for (const work of works) if (work instanceof OperationWork) checkSendable(work.declaration, work.plan);
  const tracing = await openTracing();
  const pool = works.some(({ declaration }) => declaration.lane === "thread")
    ? createPool(app, works, settings, target, log, scope.given, tracing !== undefined)
    : undefined;
  opened.defer(async () => pool?.close());
  await pool?.start();
  const watch = await openLoopWatch(settings.watch, log);
  const lanes = connect(app, works, pool, watch, tracing, scope, settings, log);
  opened.move(); // from here on, what was opened is closed with the lanes
  return lanes;
}

function connect(
  app: App,
  works: readonly Work[],
  pool: ThreadPool | undefined,
  watch: Watch | undefined,
  tracing: Tracing | undefined,
  scope: AppScope,
  settings: ResolvedSettings,
  log: Logger,
): Lanes {
  const callPool = pool && tracing ? tracedPool(pool, works, tracing) : pool;
  const threads = callPool && createThreadCalls(callPool, works, servedErrorHandlers(app));
  const runtime = createRuntime(threads, scope.shared, tracing);
  const plainTask = taskRunner(threads, settings.timeouts, watch !== undefined);
  const runTask = tracing === undefined ? plainTask : tracedTaskRunner(plainTask, tracing);
  const tasks = servedTasks(app);
  const isLast = !hasPlugins(app);
  for (const task of tasks)
    bindTask(task, (declaration, args) =>
      runObserved(declaration, undefined, (record) => runTask(declaration, args, "request", record)),
    );
  return {
    operations: works.flatMap((work, index) => {
      if (!(work instanceof OperationWork)) return [];
      const { declaration, readsForm, parsesBody } = work;
      const run = runnerOf(work, index, threads, runtime, settings.timeouts);
      const isWatched = watch !== undefined && declaration.lane === "loop";
      const operation = { declaration, readsForm, parsesBody, run, running: 0 };
      return isWatched ? new WatchedOperation(operation, isLast) : operation;
    }),
    answerError: async (error, request, errorHandlers) =>
      answerError(
        {
          request,
          context: new Exchange(request.method, request, false),
          runtime,
          operation: { errorHandlers },
        },
        error,
      ),
    background: new BackgroundChains(
      ({ task, args }, request) =>
        runObserved(task, request, (record) => runTask(task, args, "background", record)),
      (failure, request, operation) => logTaskFailure(log, failure, request, operation),
    ),
    pool,
    watch,
    tracing,
    closing: false,
    close: async () => {
      for (const task of tasks) bindTask(task, undefined);
      await Promise.all([pool?.close(), watch?.close()]);
      await scope.shared.close();
    },
  };
}

/** What the loop gives the pipeline. */
function createRuntime(
  threads: ThreadCalls | undefined,
  shared: SharedDependencies,
  tracing: Tracing | undefined,
): Runtime {
  return {
    inThread: false,
    shared,
    makeOnThread: (remote) => (threads as ThreadCalls).makeOnThread(remote),
    answerOnThread: (...failure) => (threads as ThreadCalls).answerOnThread(...failure),
    traceDependency: tracing?.dependency,
  };
}

function createPool(
  app: App,
  works: readonly Work[],
  settings: ResolvedSettings,
  target: AppTarget | undefined,
  log: Logger,
  given: GivenValues,
  traced: boolean,
): ThreadPool {
  return new ThreadPool({
    ...settings.threads,
    given,
    traced,
    inputs: settings.inputs,
    target: target ?? { url: app.module, exportName: undefined },
    workIds: works.map(({ id }) => id),
    mayBeEnded: works.map((work) => deadlineOf(work, settings.timeouts) !== undefined),
    works: works.map(({ id, declaration }) => ({ id, location: declaration.location })),
    logLevel: log.level,
    onLog: ({ level, fields, message }) => log[level](fields, message),
    startMs: START_MS,
    onThreadFailure: (error) => log.error({ code: error.code }, `${error.code}: ${error.message}`),
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
