import type { Logger } from "pino";
import type { ResolvedSettings } from "../app/settings.ts";
import type { RunRecord } from "../channels/channels.ts";
import type { HttpRequest } from "../http/request.ts";
import type { Place } from "../operation/place.ts";
import type { RawReply } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import { type PlannedTask, runTask } from "../operation/run-task.ts";
import { taskFields } from "../threads/crossing/task-message.ts";
import { OperationWork, TaskWork, type Work } from "../threads/crossing/work.ts";
import { refusedReply, timeoutError } from "../threads/pool/call-error.ts";
import type { TaskCall, ThreadCalls } from "../threads/pool/calls.ts";
import type { Tracing } from "../tracing/tracing.ts";
import type { AttemptWaiter } from "./attempts.ts";
import { watchTask } from "./watched-work.ts";

/** Runs a task on its lane. */
export type TaskRunner = (call: LaneCall, record: RunRecord | undefined) => Promise<unknown>;

/** A task to be run, with who waits for it where someone may want it ended. */
export interface LaneCall extends Omit<TaskCall, "waiter"> {
  readonly waiter?: AttemptWaiter;
}

/** Runs one request on the operation's lane. Gives a reply whatever happens. */
export type OperationRunner = (request: HttpRequest, record?: RunRecord) => Promise<RawReply>;

type Timeouts = ResolvedSettings["timeouts"];

/** The deadline of a piece of work: its own, or what the app says for its kind. */
export function deadlineOf(work: Work, timeouts: Timeouts): number | undefined {
  if (work instanceof OperationWork) return work.declaration.timeoutMs ?? timeouts.operationMs;
  return work instanceof TaskWork ? (work.declaration.timeoutMs ?? timeouts.taskMs) : undefined;
}

/** Whether it may have to be ended while it runs. */
export function mayBeEnded(work: Work, timeouts: Timeouts): boolean {
  const isDurable = work instanceof TaskWork && work.declaration.durable !== undefined;
  return isDurable || deadlineOf(work, timeouts) !== undefined;
}

/** What tasks run with. */
export interface TaskPlace {
  readonly threads: ThreadCalls | undefined;
  readonly timeouts: Timeouts;
  readonly isWatched: boolean;
  /** By the task's name. */
  readonly plans: ReadonlyMap<string, PlannedTask>;
  readonly place: Place;
  readonly log: Logger;
}

/** Makes what runs tasks. */
export function taskRunner(tasks: TaskPlace): TaskRunner {
  const { threads, timeouts, isWatched } = tasks;
  return (call, record) => {
    const { task } = call;
    const timeoutMs = task.timeoutMs ?? timeouts.taskMs;
    if (task.lane === "thread" && threads !== undefined) return threads.task(call, timeoutMs, record);
    const run = (): Promise<unknown> => runOnLoop(tasks, call, timeoutMs);
    return isWatched ? watchTask(task.name, run) : run();
  };
}

/** The same, with a span for each run; a child of the request's also when that has been answered. */
export function tracedTaskRunner(run: TaskRunner, tracing: Tracing): TaskRunner {
  return (call, record) =>
    tracing.task(call.task.name, call.task.lane, call.class === "background", () => run(call, record));
}

/** How an operation is run, decided once: its lane, and whether it has a deadline. */
export function runnerOf(
  work: OperationWork,
  index: number,
  threads: ThreadCalls | undefined,
  place: Place,
  timeouts: Timeouts,
): OperationRunner {
  const { declaration } = work;
  const timeoutMs = deadlineOf(work, timeouts);
  if (declaration.lane === "thread" && threads !== undefined)
    return (request, record) => threads.operation(index, request, timeoutMs, record);
  const { compiled } = work;
  if (timeoutMs === undefined) return (request) => runOperation(compiled, request, place);
  return (request) =>
    withinDeadline(timeoutMs, runOperation(compiled, request, place), (elapsedMs) => {
      const error = timeoutError(declaration, timeoutMs, elapsedMs, "loop");
      request.cancel(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
      return refusedReply(error);
    });
}

async function runOnLoop(tasks: TaskPlace, call: LaneCall, timeoutMs: number | undefined): Promise<unknown> {
  const { task, args } = call;
  const late = new AbortController();
  const run = (async () =>
    task.deps === undefined ? task.fn(...args) : runWithContext(tasks, call, late.signal))();
  if (timeoutMs === undefined) return run;
  return withinDeadline(timeoutMs, run, (elapsedMs) => {
    late.abort(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
    throw timeoutError({ id: `task ${task.name}`, location: task.location }, timeoutMs, elapsedMs, "loop");
  });
}

function runWithContext(
  { plans, place, log }: TaskPlace,
  { task, args, id, job, waiter }: LaneCall,
  late: AbortSignal,
): Promise<unknown> {
  const planned = plans.get(task.name) ?? { declaration: task, plan: undefined };
  const signal = waiter === undefined ? late : AbortSignal.any([late, waiter.signal]);
  const own = log.child(taskFields(task, { id, job }));
  const progress = (value: number): void => waiter?.onProgress(value);
  const running = job && { ...job, progress };
  return runTask(planned, { args, id, job: running, signal: () => signal, log: () => own }, place);
}

/**
 * Waits for work on the loop, but no longer than its deadline. Nothing can end the work itself: it may go on.
 *
 * @param onLate - Called when the deadline passes, with how long it took; what it gives or throws takes the place of the work.
 */
export async function withinDeadline<T>(
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
