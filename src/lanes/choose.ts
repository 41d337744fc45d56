import type { Logger } from "pino";
import type { ResolvedSettings } from "../app/settings.ts";
import type { RawReply } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import { runMessageHere } from "../operation/run-message.ts";
import { type CompiledTask, runTask } from "../operation/run-task.ts";
import type { Runtime } from "../operation/runtime.ts";
import { taskFields } from "../threads/crossing/task-message.ts";
import {
  ConnectionWork,
  DependencyWork,
  MessageWork,
  OperationWork,
  TaskWork,
  type Work,
} from "../threads/crossing/work.ts";
import { refusedReply, timeoutError } from "../threads/pool/call-error.ts";
import type { ThreadCalls } from "../threads/pool/calls.ts";
import type { LaneRequest, TaskCall } from "./around.ts";
import type { MessageRequest } from "./message-request.ts";
import type { LaneRun } from "./observed.ts";

/** What runs are chosen among: the threads, when something runs on them, and the loop. */
export interface OpenedLanes {
  readonly threads: ThreadCalls | undefined;
  readonly loop: Runtime;
  readonly timeouts: ResolvedSettings["timeouts"];
  readonly log: Logger;
  /** Tasks that declare deps, by name. */
  readonly tasks: ReadonlyMap<string, CompiledTask>;
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

/**
 * How a websocket's messages are handled, decided once: on the lane that the declaration of `message` says, within its
 * deadline.
 *
 * @param index - Its place in the pool's table of work.
 */
export function chooseForMessage(
  work: MessageWork,
  index: number,
  { threads, timeouts }: OpenedLanes,
): LaneRun<MessageRequest, RawReply> {
  const { declaration } = work;
  const timeoutMs = deadlineOf(work, timeouts);
  if (declaration.lane === "thread" && threads !== undefined)
    return (request, record) => {
      const { frame, connected } = request;
      return threads.message(index, { request, frame, sent: connected.sent }, timeoutMs, record);
    };
  const run = (request: MessageRequest): Promise<RawReply> =>
    runMessageHere(work.compiled, request, request.frame, request.connected);
  if (timeoutMs === undefined) return run;
  return (request) =>
    withinDeadline(timeoutMs, run(request), (elapsedMs) => {
      const error = timeoutError(declaration, timeoutMs, elapsedMs, "loop");
      request.cancel(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
      return refusedReply(error);
    });
}

/** How tasks are run: the same rule, looked at with each call, as one function runs them all. */
export function chooseForTasks(lanes: OpenedLanes): LaneRun<TaskCall, unknown> {
  const { threads, timeouts } = lanes;
  return (call, record) => {
    const { task, args, class: callClass, attempt } = call;
    const timeoutMs = task.timeoutMs ?? timeouts.taskMs;
    if (task.lane === "loop" || threads === undefined) return runOnLoop(lanes, call, timeoutMs);
    const about = { id: idOf(call), job: attempt?.job, waiter: attempt?.waiter };
    return threads.task({ task, args, class: callClass, ...about }, timeoutMs, record);
  };
}

/** What a task's run is known by in the log: its job, or the request it runs after. */
function idOf({ request, attempt }: TaskCall): string {
  return attempt?.job.id ?? request ?? "";
}

/** Whether it may have to be ended while it runs. */
export function mayBeEnded(work: Work, timeouts: OpenedLanes["timeouts"]): boolean {
  const isDurable = work instanceof TaskWork && work.declaration.durable !== undefined;
  return isDurable || deadlineOf(work, timeouts) !== undefined;
}

/** The deadline of a piece of work: its own, or what the app says for its kind. */
export function deadlineOf(work: Work, timeouts: OpenedLanes["timeouts"]): number | undefined {
  if (work instanceof DependencyWork) return deadlineOf(work.operation, timeouts);
  if (work instanceof OperationWork || work instanceof MessageWork)
    return work.declaration.timeoutMs ?? timeouts.operationMs;
  if (work instanceof ConnectionWork) return timeouts.operationMs;
  return work instanceof TaskWork ? (work.declaration.timeoutMs ?? timeouts.taskMs) : undefined;
}

async function runOnLoop(
  lanes: OpenedLanes,
  call: TaskCall,
  timeoutMs: number | undefined,
): Promise<unknown> {
  const { task, args } = call;
  if (task.deps === undefined && timeoutMs === undefined) return task.fn(...args);
  const late = new AbortController();
  const run = (async () =>
    task.deps === undefined ? task.fn(...args) : runWithContext(lanes, call, late.signal))();
  if (timeoutMs === undefined) return run;
  return withinDeadline(timeoutMs, run, (elapsedMs) => {
    late.abort(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
    throw timeoutError({ id: `task ${task.name}`, location: task.location }, timeoutMs, elapsedMs, "loop");
  });
}

function runWithContext(
  { tasks, loop, log }: OpenedLanes,
  call: TaskCall,
  late: AbortSignal,
): Promise<unknown> {
  const { task, args, attempt } = call;
  const compiled = tasks.get(task.name);
  if (compiled === undefined) throw new Error(`task ${task.name} was not compiled`);
  const id = idOf(call);
  const signal = attempt === undefined ? late : AbortSignal.any([late, attempt.waiter.signal]);
  const own = log.child(taskFields(task, { id, job: attempt?.job }));
  const job = attempt && { ...attempt.job, progress: (value: number) => attempt.waiter.onProgress(value) };
  return runTask(compiled, { args, id, job, signal: () => signal, log: () => own }, loop);
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
