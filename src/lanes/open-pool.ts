import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { AppTarget } from "../app/load/load.ts";
import { servedErrorHandlers, servedTasks } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import type { Task } from "../app/tasks/task.ts";
import { enqueueForThread } from "../app/tasks/task-declaration.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import type { SyncEnqueue, ThreadSetup } from "../threads/crossing/messages.ts";
import { packThrown, type TaskOutcome, unpackThrown, unpackValue } from "../threads/crossing/values.ts";
import type { Work } from "../threads/crossing/work.ts";
import { ThreadCalls } from "../threads/pool/calls.ts";
import { ThreadPool } from "../threads/pool/pool.ts";
import type { EarlyWorker } from "../threads/pool/worker.ts";
import type { Around, Arounds } from "./around.ts";
import { deadlineOf, listEndable } from "./deadline.ts";

/** A module that takes longer to load never finishes: it waits or loops. Loading 200 schemas takes less than a second. */
const START_MS = 30_000;

/** What a pool is made from, in addition to its work. */
export interface PoolSource {
  readonly settings: ResolvedSettings;
  /** Where threads find the app. */
  readonly target: AppTarget | undefined;
  readonly log: Logger;
  /** What surrounds runs; the last is the outermost. */
  readonly arounds: readonly Around[];
  /** Whether what threads write to stdout and stderr becomes lines of the log. */
  readonly ownsOutput: boolean;
  /** Called for what fails to close, which the log has in any case. Default: nobody else learns of it. */
  readonly onUnclosed?: ((failure: unknown) => void) | undefined;
  /** The worker of the app's first thread, if it was started already. */
  readonly early?: EarlyWorker | undefined;
}

/**
 * Makes an app's pool according to its settings. Starts no thread yet.
 *
 * @param works - What its threads can be asked to run.
 */
export function openPool(
  app: App,
  works: readonly Work[],
  { settings, target, log, arounds, ownsOutput, early, onUnclosed }: PoolSource,
  { given, part }: Pick<ThreadSetup, "given" | "part">,
): ThreadPool {
  let tasks: ReadonlyMap<string, Task> | undefined; // collected once: a task may enqueue a thousand jobs
  return new ThreadPool({
    ...settings.threads,
    ...(part === "tasks" ? { min: 1 } : { early }), // those for tasks alone are needed only briefly
    given,
    part,
    inputs: settings.inputs,
    rootPath: settings.rootPath,
    session: settings.session,
    traced: arounds.some(({ calls }) => calls !== undefined),
    target: target ?? { url: app.module, exportName: undefined },
    workIds: works.map(({ id }) => id),
    mayBeEnded: listEndable(works, settings.timeouts),
    works: works.map(({ id, declaration }) => ({ id, location: declaration.location })),
    logLevel: log.level,
    ownsOutput,
    onLog: ({ level, fields, message }) => log[level](unpackValue(fields) as object, message),
    onUnclosed: ({ error, ...thrown }, thread) => {
      const what = `what a thread has opened could not be closed: ${error.message}`;
      log.error({ thread, err: loggable(error) }, what);
      onUnclosed?.(unpackThrown({ error, ...thrown }));
    },
    onEnqueue: (call) => {
      tasks ??= new Map(servedTasks(app).map((task) => [task.name, task]));
      void enqueueFor(tasks, call);
    },
    startMs: START_MS,
    onNotIdle: (why) =>
      log.warn(
        `threads.priority is "idle", but ${why}, so threads get the nice value 19. ` +
          "Install the package util-linux, or set threads.priority to 19",
      ),
    onThreadFailure: (error) => {
      const { code, message, cause } = error;
      log.error(
        { code, ...(cause !== undefined && { err: loggable(describeError(cause)) }) },
        `${code}: ${message}`,
      );
    },
  });
}

/** The calls to a pool, with what surrounds them. */
export function openCalls(
  app: App,
  pool: ThreadPool,
  works: readonly Work[],
  { arounds, timeouts }: { readonly arounds: Arounds } & Pick<ResolvedSettings, "timeouts">,
): ThreadCalls {
  const surrounded = arounds.calls?.(pool, works) ?? pool;
  return new ThreadCalls(surrounded, works, servedErrorHandlers(app), (work) => deadlineOf(work, timeouts));
}

/** Stores a job for a thread that waits, and wakes the thread. Never rejects. */
async function enqueueFor(tasks: ReadonlyMap<string, Task>, call: SyncEnqueue): Promise<void> {
  const { enqueue: name, args, options, trace, reply, done } = call;
  const task = tasks.get(name) as Task; // the thread has loaded the same app
  let outcome: TaskOutcome;
  try {
    outcome = [true, await enqueueForThread(task, args, { options, trace })];
  } catch (thrown) {
    outcome = [false, packThrown(thrown)];
  }
  reply.postMessage(outcome);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
  reply.close();
}
