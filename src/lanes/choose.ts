import type { Logger } from "pino";
import type { Operation } from "../app/operation.ts";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import {
  newRecord,
  operationChannel,
  type RunRecord,
  recordLoop,
  type ThrownError,
  taskChannel,
} from "../channels/channels.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import { refusedReply } from "../operation/error-reply.ts";
import { isReady, type RawReply } from "../operation/raw.ts";
import { type Deadline, runOperation } from "../operation/run.ts";
import { runMessageHere } from "../operation/run-message.ts";
import { type CompiledTask, runTask } from "../operation/run-task.ts";
import type { Runtime } from "../operation/runtime.ts";
import { taskFields } from "../threads/crossing/task-call.ts";
import type { MessageWork, OperationWork } from "../threads/crossing/work.ts";
import type { ThreadCalls } from "../threads/pool/calls.ts";
import { thrownOf } from "../threads/pool/chunk-events.ts";
import { timeoutError } from "../threads/pool/errors.ts";
import type { Arounds, Count, LaneRequest, RunOperation, RunTask, TaskCall } from "./around.ts";
import { BoundLog } from "./bound-log.ts";
import { noteLate, noteOver, runFor, signalsOf, waiterFor } from "./caller.ts";
import { anySignal, deadlineOf, passed, withinDeadline } from "./deadline.ts";
import type { MessageRequest } from "./message-request.ts";
import { surround } from "./surround.ts";

/** Runs something on its lane; records where and for how long if a record is given. */
export type LaneRun<Subject, Result> = (subject: Subject, record?: RunRecord) => Promise<Result>;

/** The lanes to choose from: the threads, when something runs on them, and the loop. */
export interface OpenedLanes {
  readonly threads: ThreadCalls | undefined;
  readonly loop: Runtime;
  readonly timeouts: ResolvedSettings["timeouts"];
  readonly log: Logger;
  /** Tasks that declare deps, by name. */
  readonly tasks: ReadonlyMap<string, CompiledTask>;
}

/**
 * Decides once how an operation is run: on the lane of its declaration, within its deadline.
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
  return (request) => {
    const deadline: Deadline = { passed: undefined };
    const run = runOperation(compiled, request, loop, deadline);
    return withinDeadline(timeoutMs, run, (elapsedMs) => {
      const error = timeoutError(declaration, timeoutMs, elapsedMs, "loop");
      deadline.passed = error;
      const reason = passed(timeoutMs);
      const { caller } = request;
      noteLate(caller, reason);
      request.cancel(reason);
      void run
        .then((late) => discard(late, error))
        .catch((thrown: unknown) => {
          request.log.error(
            { err: loggable(describeError(thrown)) },
            `${declaration.id} failed to close after its deadline`,
          );
        })
        .finally(() => noteOver(caller));
      return refusedReply(error);
    });
  };
}

/** Closes what a reply holds open that came too late to be sent. */
async function discard({ body, endTasks, finish }: RawReply, error: OffloopError): Promise<void> {
  if (!isReady(body)) await body[Symbol.asyncIterator]().return?.();
  endTasks?.();
  await finish?.({ error });
}

/**
 * Decides once how a websocket's messages are handled: on the lane that the declaration of `message` names, within its
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
      return threads.message(
        index,
        { request, frame, sent: connected.sent, session: connected.session },
        timeoutMs,
        record,
      );
    };
  const run = (request: MessageRequest): Promise<RawReply> =>
    runMessageHere(work.compiled, request, request.frame, request.connected);
  if (timeoutMs === undefined) return run;
  return (request) => {
    const reply = run(request);
    return withinDeadline(timeoutMs, reply, (elapsedMs) => {
      const error = timeoutError(declaration, timeoutMs, elapsedMs, "loop");
      const reason = passed(timeoutMs);
      const { caller } = request; // the next message has one of its own
      noteLate(caller, reason);
      request.cancel(reason);
      const end = (): void => noteOver(caller);
      void reply.then(end, end);
      return refusedReply(error);
    });
  };
}

/** How tasks are run: the same rule, applied on each call because one function runs all tasks. */
export function chooseForTasks(lanes: OpenedLanes): LaneRun<TaskCall, unknown> {
  const { threads, timeouts } = lanes;
  return (call, record) => {
    const { task, args, class: callClass, attempt } = call;
    const timeoutMs = task.timeoutMs ?? timeouts.taskMs;
    if (task.lane === "loop" || threads === undefined) return runOnLoop(lanes, call, timeoutMs);
    const waits = { waiter: waiterFor(call), bindable: attempt?.waiter };
    return threads.task({ task, args, class: callClass, ...runFor(call), ...waits }, timeoutMs, record);
  };
}

async function runOnLoop(
  lanes: OpenedLanes,
  call: TaskCall,
  timeoutMs: number | undefined,
): Promise<unknown> {
  const deadline: Deadline = { passed: undefined };
  const late = new AbortController();
  const run = runToEnd(lanes, call, { deadline, late: late.signal });
  if (timeoutMs === undefined) return run;
  return withinDeadline(timeoutMs, run, (elapsedMs) => {
    const { name, location } = call.task;
    const error = timeoutError({ id: `task ${name}`, location }, timeoutMs, elapsedMs, "loop");
    const reason = passed(timeoutMs);
    deadline.passed = error;
    noteLate(call.self, reason);
    late.abort(reason);
    throw error;
  });
}

/** The deadline of a task on the loop, which its code may outlast. */
interface TaskDeadline {
  readonly deadline: Deadline;
  /** Aborts when it passes. */
  readonly late: AbortSignal;
}

/** Resolves when the code has come to its end, whoever still waits for that. */
async function runToEnd(lanes: OpenedLanes, call: TaskCall, within: TaskDeadline): Promise<unknown> {
  const { task, args } = call;
  try {
    return await (task.deps === undefined ? task.fn(...args) : runWithContext(lanes, call, within));
  } finally {
    noteOver(call.self);
  }
}

function runWithContext(
  { tasks, loop, log }: OpenedLanes,
  call: TaskCall,
  { deadline, late }: TaskDeadline,
): Promise<unknown> {
  const { task, args, attempt } = call;
  const compiled = tasks.get(task.name);
  if (compiled === undefined) throw new Error(`task ${task.name} was not compiled`);
  const about = runFor(call);
  const others = signalsOf(call);
  const signal = others.length === 0 ? late : anySignal([...others, late]);
  const own = new BoundLog(log, taskFields(task, about), (added) => attempt?.waiter.setBindings(added));
  const job = attempt && { ...attempt.job, progress: (value: number) => attempt.waiter.onProgress(value) };
  return runTask(compiled, { args, id: about.id, job, deadline, signal: () => signal, log: () => own }, loop);
}

/** An operation that can be called, with everything that surrounds its runs. */
export class LaneOperation {
  readonly declaration: Operation;
  /** Whether the operation, or a dependency of it, reads a form. */
  readonly readsForm: boolean;
  /** Whether its body is parsed on the lane where it runs. */
  readonly parsesBody: boolean;
  /** Runs one request on the operation's lane. Returns a reply, whatever happens. */
  readonly run: RunOperation;
  readonly #count: Count | undefined;
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(
    { declaration, readsForm, parsesBody }: OperationWork,
    onLane: LaneRun<LaneRequest, RawReply>,
    { arounds, loop }: { readonly arounds: Arounds; readonly loop: Runtime },
  ) {
    this.declaration = declaration;
    this.readsForm = readsForm;
    this.parsesBody = parsesBody;
    const run = observeOperation(declaration, onLane);
    this.run = arounds.operation(declaration, surround(declaration, { id: declaration.id, run }, loop));
    this.#count = arounds.count(declaration);
  }

  /** Requests that it has not answered yet. */
  get running(): number {
    return this.#running;
  }

  /** Counts a request in (1), or out (-1) when it has its reply. */
  count(change: 1 | -1): void {
    this.#running += change;
    this.#count?.(change);
    if (this.#running === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }

  /** Resolves when it has answered all of its requests, also those whose client has gone. */
  async answered(): Promise<void> {
    if (this.#running === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }
}

/**
 * Publishes the start and end of an operation's runs while anyone listens. It is the innermost around,
 * next to the lane itself.
 */
export function observeOperation(
  operation: Pick<Operation, "id" | "lane">,
  run: LaneRun<LaneRequest, RawReply>,
): RunOperation {
  return (request) => (operationChannel.hasSubscribers ? publishRun(operation, run, request) : run(request));
}

async function publishRun(
  { id, lane }: Pick<Operation, "id" | "lane">,
  run: LaneRun<LaneRequest, RawReply>,
  request: LaneRequest,
): Promise<RawReply> {
  const about = { request: request.id, operation: id, lane } as const;
  const record = newRecord();
  const start = performance.now();
  operationChannel.publish({ event: "start", ...about });
  const reply = await run(request, record);
  if (lane === "loop") recordLoop(record, start);
  const error = reply.error && thrownOf(reply.error);
  operationChannel.publish({ event: "end", ...about, ...record, status: reply.status, error });
  return reply;
}

/** Publishes the start and end of task runs while anyone listens. */
export function observeTasks(run: LaneRun<TaskCall, unknown>): RunTask {
  return (call) => (taskChannel.hasSubscribers ? publishTask(run, call) : run(call));
}

let runs = 0;

async function publishTask(run: LaneRun<TaskCall, unknown>, call: TaskCall): Promise<unknown> {
  const { name: task, lane } = call.task;
  const { request, attempt } = call;
  const about = { run: ++runs, task, lane, request, job: attempt?.job.id } as const;
  const record = newRecord();
  const start = performance.now();
  let ok = false;
  let error: ThrownError | undefined;
  taskChannel.publish({ event: "start", ...about });
  try {
    const result = await run(call, record);
    ok = true;
    return result;
  } catch (thrown) {
    error = thrownOf(describeError(thrown));
    throw thrown;
  } finally {
    if (lane === "loop") recordLoop(record, start);
    const cancelled = attempt?.waiter.signal.aborted ?? false;
    taskChannel.publish({ event: "end", ...about, ...record, ok, cancelled, error });
  }
}
