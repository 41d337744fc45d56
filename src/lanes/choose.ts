import type { ResolvedSettings } from "../app/settings.ts";
import type { TaskDeclaration } from "../app/task.ts";
import type { RunRecord } from "../channels/channels.ts";
import type { HttpRequest } from "../http/request.ts";
import type { RawReply } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import type { Runtime } from "../operation/runtime.ts";
import { OperationWork, TaskWork, type Work } from "../threads/crossing/work.ts";
import type { CallClass } from "../threads/pool/call.ts";
import { refusedReply, timeoutError } from "../threads/pool/call-error.ts";
import type { ThreadCalls } from "../threads/pool/calls.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { watchTask } from "./watched-work.ts";

/** Runs a task on its lane. */
export type TaskRunner = (
  task: TaskDeclaration,
  args: unknown[],
  callClass: CallClass,
  record: RunRecord | undefined,
) => Promise<unknown>;

/** Runs one request on the operation's lane. Gives a reply whatever happens. */
export type OperationRunner = (request: HttpRequest, record?: RunRecord) => Promise<RawReply>;

type Timeouts = ResolvedSettings["timeouts"];

/** The deadline of a piece of work: its own, or what the app says for its kind. */
export function deadlineOf(work: Work, timeouts: Timeouts): number | undefined {
  if (work instanceof OperationWork) return work.declaration.timeoutMs ?? timeouts.operationMs;
  return work instanceof TaskWork ? (work.declaration.timeoutMs ?? timeouts.taskMs) : undefined;
}

/** Makes what runs tasks. */
export function taskRunner(
  threads: ThreadCalls | undefined,
  timeouts: Timeouts,
  isWatched: boolean,
): TaskRunner {
  return (task, args, callClass, record) => {
    const timeoutMs = task.timeoutMs ?? timeouts.taskMs;
    if (task.lane === "thread" && threads !== undefined)
      return threads.task(task, args, callClass, timeoutMs, record);
    const run = (): Promise<unknown> => runOnLoop(task, args, timeoutMs);
    return isWatched ? watchTask(task.name, run) : run();
  };
}

/** The same, with a span for each run; a child of the request's also when that has been answered. */
export function tracedTaskRunner(run: TaskRunner, tracing: Tracing): TaskRunner {
  return (task, args, callClass, record) =>
    tracing.task(task.name, task.lane, callClass === "background", () => run(task, args, callClass, record));
}

/** How an operation is run, decided once: its lane, and whether it has a deadline. */
export function runnerOf(
  work: OperationWork,
  index: number,
  threads: ThreadCalls | undefined,
  runtime: Runtime,
  timeouts: Timeouts,
): OperationRunner {
  const { declaration } = work;
  const timeoutMs = deadlineOf(work, timeouts);
  if (declaration.lane === "thread" && threads !== undefined)
    return (request, record) => threads.operation(index, request, timeoutMs, record);
  const { compiled } = work;
  if (timeoutMs === undefined) return (request) => runOperation(compiled, request, runtime);
  return (request) =>
    withinDeadline(timeoutMs, runOperation(compiled, request, runtime), (elapsedMs) => {
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

/**
 * Waits for work on the loop, but no longer than its deadline. Nothing can end the work itself: it may go on.
 *
 * @param onLate - Called when the deadline passes, with how long it took; what it gives or throws takes the place of the work.
 */
async function withinDeadline<T>(
  timeoutMs: number,
  work: Promise<T>,
  onLate: (elapsedMs: number) => T,
): Promise<T> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve, reject) => {
    timer = setTimeout(() => {
      try {
        resolve(onLate(performance.now() - start));
      } catch (error) {
        reject(error);
      }
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
