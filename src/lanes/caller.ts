import { AsyncLocalStorage } from "node:async_hooks";
import type { Operation } from "../app/operation.ts";
import type { CrossingJob } from "../threads/crossing/task-call.ts";
import type { Waiter } from "../threads/pool/call.ts";
import type { Around, CalledFor, Caller, LaneRequest } from "./around.ts";

/** What a run of a task is for, as its log lines say it. */
export interface RunFor {
  /** The job or request it runs for; empty for none. */
  readonly id: string;
  /** The job that it is an attempt of. */
  readonly job: CrossingJob | undefined;
  /** What the request or job whose code calls it says in its lines. */
  readonly bindings: object | undefined;
}

/** An awaited task runs for the request or job whose code calls it, also through other tasks. */
export function runFor({ attempt, request, bindings, caller }: CalledFor): RunFor {
  if (attempt !== undefined) return { id: attempt.job.id, job: attempt.job, bindings: undefined };
  if (request !== undefined) return { id: request, job: undefined, bindings };
  return { ...inherited(caller), job: undefined };
}

function inherited(caller: Caller | undefined): Omit<RunFor, "job"> {
  const { request: id = "", bindings, task } = caller ?? {};
  if (task === undefined) return { id, bindings };
  if (task.attempt === undefined) return runFor(task);
  const { job, waiter } = task.attempt;
  return { id: "", bindings: { job: job.id, attempt: job.attempt, ...waiter.bindings } };
}

/** Notes that the deadline of a run on the loop has passed. Nothing can end it, but what it has started on threads. */
export function noteLate(caller: Caller | undefined, reason: DOMException): void {
  if (caller !== undefined) lateOf(caller).abort(reason);
}

function lateOf(caller: Caller): AbortController {
  caller.late ??= new AbortController();
  return caller.late;
}

/**
 * Notes that the code of a run on the loop has come to its end, which may be after its deadline. The run no longer keeps
 * what has called it: a task that calls itself again and again would keep all of its runs.
 */
export function noteOver(caller: Caller | undefined): void {
  if (caller === undefined) return;
  caller.isOver = true;
  if (caller.task !== undefined) caller.task = { ...caller.task, caller: undefined };
}

/** The runs that a call is awaited by when it begins, from the inside out. */
function awaitersOf({ caller }: CalledFor): Caller[] {
  const awaiters: Caller[] = [];
  for (let next = caller; next !== undefined && !next.isOver; next = next.task?.caller) awaiters.push(next);
  return awaiters;
}

/** Abort when nobody wants a call of a task any more, apart from its own deadline. */
export function signalsOf(call: CalledFor): AbortSignal[] {
  if (call.attempt !== undefined) return [call.attempt.waiter.signal];
  return awaitersOf(call).flatMap((one) => {
    const cancelled = one.task?.attempt?.waiter.signal;
    return cancelled === undefined ? [lateOf(one).signal] : [lateOf(one).signal, cancelled];
  });
}

/** What waits for a task that is called on the loop: it is ended together with the job or the run that awaits it. */
export function waiterFor(call: CalledFor): Waiter | undefined {
  if (call.attempt !== undefined) return call.attempt.waiter;
  const awaiters = awaitersOf(call);
  if (awaiters.length === 0) return undefined;
  return {
    get isGone() {
      return awaiters.some((one) => isLate(one) || one.task?.attempt?.waiter.isGone === true);
    },
    get mustEnd() {
      return awaiters.some((one) => isLate(one) || one.task?.attempt?.waiter.mustEnd === true);
    },
  };
}

function isLate({ late }: Caller): boolean {
  return late?.signal.aborted === true;
}

const callers = new AsyncLocalStorage<Caller>();

/** The run of an operation or a message. */
function callerOf(request: LaneRequest): Caller {
  return { request: request.id, bindings: request.bindings, late: undefined, isOver: false };
}

/** The run of a task. */
export function taskCallerOf({ attempt, request, bindings, caller }: CalledFor): Caller {
  return {
    request: undefined,
    bindings: undefined,
    late: undefined,
    isOver: false,
    task: { attempt, request, bindings, caller },
  };
}

/**
 * Whether code of an operation runs on the loop: what surrounds it does, even if its handler does not. Nothing surrounds a
 * message.
 */
export function runsOnLoop({ lane, isMessage, layers, outerLayers }: Operation): boolean {
  if (lane === "loop") return true;
  return !isMessage && [...layers, ...outerLayers].some(({ arounds }) => arounds.length > 0);
}

/** Knows whose code runs on the loop, where nothing else marks the runs there. */
export function knowCallers(): Around {
  const entering = (request: LaneRequest): Caller => {
    request.caller = callerOf(request);
    return request.caller;
  };
  return {
    operation: (operation, run) =>
      runsOnLoop(operation) ? (request) => callers.run(entering(request), run, request) : run,
    task: (run) => (call) => {
      if (call.task.lane !== "loop") return run(call);
      const self = taskCallerOf(call);
      return callers.run(self, run, { ...call, self });
    },
    chunks: ({ lane }, request, chunks) => (lane === "loop" ? producedBy(entering(request), chunks) : chunks),
    caller: () => callers.getStore(),
  };
}

/** The stream that asks for chunks belongs to no run. */
async function* producedBy<Chunk>(caller: Caller, chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const result = await callers.run(caller, () => iterator.next());
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    await callers.run(caller, async () => iterator.return?.());
  }
}
