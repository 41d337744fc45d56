import { AsyncLocalStorage } from "node:async_hooks";
import type { CrossingJob } from "../threads/crossing/task-call.ts";
import type { Waiter } from "../threads/pool/call.ts";
import type { Around, Caller, TaskCall } from "./around.ts";

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
export function runFor({ attempt, request, bindings, caller }: TaskCall): RunFor {
  if (attempt !== undefined) return { id: attempt.job.id, job: attempt.job, bindings: undefined };
  if (request !== undefined) return { id: request, job: undefined, bindings };
  return { ...inherited(caller), job: undefined };
}

function inherited(caller: Caller | undefined): Omit<RunFor, "job"> {
  if (caller === undefined) return { id: "", bindings: undefined };
  if (!("task" in caller) || caller.attempt === undefined)
    return "task" in caller ? runFor(caller) : { id: caller.id, bindings: caller.bindings };
  const { job, waiter } = caller.attempt;
  return { id: "", bindings: { job: job.id, attempt: job.attempt, ...waiter.bindings } };
}

/** Runs on the loop whose deadline has passed: nothing can end them, but what they have started on threads. */
const late = new WeakSet<Caller>();
/** What aborts the signals of the tasks that runs await. */
const lateSignals = new WeakMap<Caller, AbortController>();

/** Notes that the deadline of a run on the loop has passed. */
export function noteLate(run: Caller, reason: DOMException): void {
  late.add(run);
  lateSignals.get(run)?.abort(reason);
}

/** Abort when nobody wants a call of a task any more, apart from its own deadline. */
export function signalsOf({ attempt, caller }: TaskCall): AbortSignal[] {
  if (attempt !== undefined) return [attempt.waiter.signal];
  if (caller === undefined) return [];
  return [lateSignalOf(caller), ...("task" in caller ? signalsOf(caller) : [])];
}

function lateSignalOf(caller: Caller): AbortSignal {
  const known = lateSignals.get(caller) ?? new AbortController();
  lateSignals.set(caller, known);
  return known.signal;
}

/** Whether nobody wants what a run awaits any more. */
function isOver(caller: Caller): boolean {
  if (late.has(caller)) return true;
  if (!("task" in caller)) return false;
  return caller.attempt?.waiter.isGone === true || (caller.caller !== undefined && isOver(caller.caller));
}

function mustEnd(caller: Caller): boolean {
  if (late.has(caller)) return true;
  if (!("task" in caller)) return false;
  return caller.attempt?.waiter.mustEnd === true || (caller.caller !== undefined && mustEnd(caller.caller));
}

/** What waits for a task that is called on the loop: it is ended together with the job or the run that awaits it. */
export function waiterFor({ attempt, caller }: TaskCall): Waiter | undefined {
  if (attempt !== undefined || caller === undefined) return attempt?.waiter;
  return {
    get isGone() {
      return isOver(caller);
    },
    get mustEnd() {
      return mustEnd(caller);
    },
  };
}

const callers = new AsyncLocalStorage<Caller>();

/** Knows whose code runs on the loop, where nothing else marks the runs there. */
export function knowCallers(): Around {
  return {
    operation: (_, run) => (request) => callers.run(request, run, request),
    task: (run) => (call) => (call.task.lane === "loop" ? callers.run(call, run, call) : run(call)),
    chunks: ({ lane }, request, chunks) => (lane === "loop" ? producedBy(request, chunks) : chunks),
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
