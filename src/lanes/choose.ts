import type { ResolvedSettings } from "../app/settings.ts";
import type { TaskDeclaration } from "../app/task.ts";
import type { RawReply } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import type { Runtime } from "../operation/runtime.ts";
import { DependencyWork, OperationWork, TaskWork, type Work } from "../threads/crossing/work.ts";
import { refusedReply, timeoutError } from "../threads/pool/call-error.ts";
import type { ThreadCalls } from "../threads/pool/calls.ts";
import type { LaneRequest, TaskCall } from "./around.ts";
import type { LaneRun } from "./observed.ts";

/** What runs are chosen among: the threads, when something runs on them, and the loop. */
export interface OpenedLanes {
  readonly threads: ThreadCalls | undefined;
  readonly loop: Runtime;
  readonly timeouts: ResolvedSettings["timeouts"];
}

/**
 * How an operation is run, decided once: on the lane that its declaration says, within its deadline.
 *
 * @param index - Its place in the pool's table of work.
 */
export function chooseForOperation(
  work: OperationWork,
  index: number,
  { threads, loop, timeouts }: OpenedLanes,
): LaneRun<LaneRequest, RawReply> {
  const { declaration } = work;
  const timeoutMs = deadlineOf(work, timeouts);
  if (declaration.lane === "thread" && threads !== undefined)
    return (request, record) => threads.operation(index, request, timeoutMs, record);
  const { compiled } = work;
  if (timeoutMs === undefined) return (request) => runOperation(compiled, request, loop);
  return (request) =>
    withinDeadline(timeoutMs, runOperation(compiled, request, loop), (elapsedMs) => {
      const error = timeoutError(declaration, timeoutMs, elapsedMs, "loop");
      request.cancel(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
      return refusedReply(error);
    });
}

/** How tasks are run: the same rule, looked at with each call, as one function runs them all. */
export function chooseForTasks({ threads, timeouts }: OpenedLanes): LaneRun<TaskCall, unknown> {
  return ({ task, args, class: callClass }, record) => {
    const timeoutMs = task.timeoutMs ?? timeouts.taskMs;
    return task.lane === "thread" && threads !== undefined
      ? threads.task(task, args, callClass, timeoutMs, record)
      : runOnLoop(task, args, timeoutMs);
  };
}

/** The deadline of a piece of work: its own, or what the app says for its kind. */
export function deadlineOf(work: Work, timeouts: OpenedLanes["timeouts"]): number | undefined {
  if (work instanceof DependencyWork) return deadlineOf(work.operation, timeouts);
  if (work instanceof OperationWork) return work.declaration.timeoutMs ?? timeouts.operationMs;
  return work instanceof TaskWork ? (work.declaration.timeoutMs ?? timeouts.taskMs) : undefined;
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
