import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { Override } from "../app/dependency.ts";
import { type Layered, nearestHandlers } from "../app/layer.ts";
import { servedPaths, servedRouters, servedTasks, strayTasks } from "../app/parts.ts";
import { beginServing } from "../app/served.ts";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import {
  bindTask,
  markStray,
  strayTask,
  type TaskDeclaration,
  taskDeclaration,
} from "../app/tasks/task-declaration.ts";
import { Urls } from "../app/urls.ts";
import { Exchange } from "../operation/context.ts";
import { answerError } from "../operation/error-reply.ts";
import type { SharedDependencies } from "../operation/open-dependencies.ts";
import type { RawReply } from "../operation/raw.ts";
import type { Runtime } from "../operation/runtime.ts";
import { SessionCookie } from "../operation/session.ts";
import { compiledTasks, listWork } from "../threads/crossing/app-work.ts";
import { ConnectionWork, OperationWork } from "../threads/crossing/work.ts";
import type { ThreadCalls } from "../threads/pool/calls.ts";
import type { ThreadPool } from "../threads/pool/pool.ts";
import { openAppScope } from "./app-scope.ts";
import { type Arounds, compose, type LaneRequest, type RunOperation, type RunTask } from "./around.ts";
import { type AttemptLanes, attemptLanes } from "./attempts.ts";
import { BackgroundChains, logTaskFailure, logTasks } from "./background.ts";
import { checkWorks } from "./check-works.ts";
import {
  chooseForOperation,
  chooseForTasks,
  LaneOperation,
  type OpenedLanes,
  observeTasks,
} from "./choose.ts";
import { openCalls, openPool, type PoolSource } from "./open-pool.ts";
import { LaneSocket, type RunnableSocket } from "./sockets.ts";
import { surround } from "./surround.ts";

/** An app with both lanes open, as the server needs it. */
export interface Lanes {
  readonly operations: readonly LaneOperation[];
  readonly sockets: readonly RunnableSocket[];
  /**
   * Answers an error that no operation threw, such as a path that is not there, the way the operations around it would.
   */
  answerError(error: Error, request: LaneRequest, within: Layered): Promise<RawReply>;
  /** Puts the arounds that an app declares around an answer that no operation gives. */
  surround(within: Layered, run: RunOperation): RunOperation;
  readonly background: BackgroundChains;
  /** Runs attempts of jobs. */
  readonly attempts: AttemptLanes;
  /** What surrounds all this, for work that is done after a run. */
  readonly arounds: Pick<Arounds, "chunks" | "failure">;
  /** Undefined when nothing in the app runs on threads. */
  readonly pool: ThreadPool | undefined;
  /**
   * Resolves when the first threads have loaded the app. Rejects with `OFFLOOP_THREAD_START` or
   * `OFFLOOP_THREAD_APP_DIFFERS` when one cannot.
   */
  readonly ready: Promise<void>;
  /** Whether the server is shutting down: connections end with their response. */
  closing: boolean;
  /** Ends the threads; tasks can no longer be called. */
  close(): Promise<void>;
}

/** Options for opening an app's lanes. */
export interface LaneOptions extends PoolSource {
  /** What a test substitutes for dependencies. */
  readonly overrides?: readonly Override[] | undefined;
}

/**
 * Opens both lanes of an app, the event loop and its threads: creates what lives as long as the app, starts the first
 * thread if anything runs on threads, decides for each operation where and how it runs, and makes its tasks callable.
 * Does not wait for the thread, which loads the app on another core: what else is opened is opened meanwhile.
 */
export async function openLanes(app: App, options: LaneOptions): Promise<Lanes> {
  const { settings, log } = options;
  const { timeouts, session } = settings;
  await using opened = new AsyncDisposableStack();
  const { overrides, shared, given } = await openAppScope(app, options.overrides ?? []);
  opened.defer(() => shared.close());
  const works = listWork(app, { overrides, inputs: settings.inputs });
  opened.defer(beginServing(servedRouters(app)));
  checkWorks(works, settings);
  const arounds = compose(options.arounds);
  const pool = works.some(({ declaration }) => declaration.lane === "thread")
    ? openPool(app, works, options, { given, part: "app" })
    : undefined;
  opened.defer(async () => pool?.close());
  const ready = pool?.start() ?? Promise.resolve();
  ready.catch(() => {}); // whoever opens the lanes awaits it later, unless something else fails first
  const threads = pool && openCalls(app, pool, works, { arounds, timeouts });
  const urls = new Urls(servedPaths(app), settings.rootPath);
  const loop = createLoop({ threads, shared, session, urls, arounds });
  const lanes: OpenedLanes = { threads, loop, timeouts, log, tasks: compiledTasks(works) };
  const runTask = arounds.task(observeTasks(chooseForTasks(lanes)));
  opened.defer(letTasksBeCalled(app, runTask, arounds));
  warnOfStrayTasks(log);
  const closing = opened.move(); // from here on, what was opened is closed together with the lanes
  return {
    operations: works.flatMap((work, index) =>
      work instanceof OperationWork
        ? [new LaneOperation(work, chooseForOperation(work, index, lanes), { arounds, loop })]
        : [],
    ),
    sockets: works.flatMap((work) =>
      work instanceof ConnectionWork ? [new LaneSocket(work, works, lanes, arounds)] : [],
    ),
    ...answersWithout(loop),
    background: new BackgroundChains(logTasks(log, runTask), (failed) => logTaskFailure(log, failed)),
    attempts: attemptLanes(capacityOf(settings), runTask),
    arounds,
    pool,
    ready,
    closing: false,
    close: () => closing.disposeAsync(),
  };
}

/** Answers where no operation does. */
function answersWithout(runtime: Runtime): Pick<Lanes, "answerError" | "surround"> {
  return {
    answerError: async (error, request, { layers }) => {
      const context = new Exchange(request.method, request, runtime);
      const failed = { request, context, runtime, operation: { errorHandlers: nearestHandlers(layers) } };
      return context.withTasks(await answerError(failed, error));
    },
    surround: (within, run) => surround(within, { id: "a request that no operation answers", run }, runtime),
  };
}

/** A thread runs one attempt at a time, the loop any number. */
function capacityOf({ jobs: { concurrency }, threads }: ResolvedSettings): AttemptLanes["capacity"] {
  return { loop: concurrency, thread: Math.min(concurrency, threads.max) };
}

/** Makes an app's tasks run when they are called. Returns the function that undoes this. */
export function letTasksBeCalled(app: App, run: RunTask, { caller }: Pick<Arounds, "caller">): () => void {
  const ends = servedTasks(app).map((declared) =>
    bindTask(declared, (task, args) =>
      run({ task, args, class: "request", request: undefined, caller: caller() }),
    ),
  );
  return () => {
    for (const end of ends) end();
  };
}

/** A task whose router was never included fails when it is called, which may be much later. */
function warnOfStrayTasks(log: Logger): void {
  for (const task of strayTasks()) {
    const { code, message } = strayTask(taskDeclaration(task) as TaskDeclaration);
    if (markStray(task)) log.warn({ code, task: task.name }, `${code}: ${message}`);
  }
}

/** What the pipeline on the loop is made from. */
interface LoopParts {
  /** Undefined when nothing in the app runs on threads. */
  readonly threads: ThreadCalls | undefined;
  readonly shared: SharedDependencies;
  readonly session: ResolvedSettings["session"];
  readonly urls: Urls;
  readonly arounds: Arounds;
}

/** What the loop provides to the pipeline. */
export function createLoop({ threads, shared, session, urls, arounds }: LoopParts): Runtime {
  return {
    inThread: false,
    urls,
    shared,
    sessions: session && new SessionCookie(session),
    onThread: (...run) => (threads as ThreadCalls).onThread(...run),
    answerOnThread: (...failure) => (threads as ThreadCalls).answerOnThread(...failure),
    traceDependency: arounds.dependency,
  };
}
