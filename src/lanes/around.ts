import type { Lane } from "../app/lane.ts";
import type { Operation } from "../app/operation.ts";
import type { TaskDeclaration } from "../app/task.ts";
import type { ArrivingBody, Chunk, RawReply, RawRequest } from "../operation/raw.ts";
import type { TraceDependency } from "../operation/runtime.ts";
import type { CallClass, CallPool, Waiter } from "../threads/pool/call.ts";

/** A request as the lanes take it, and the client that waits for its answer. */
export interface LaneRequest extends RawRequest, Waiter {
  readonly unread?: ArrivingBody | undefined;
  /** Aborts its signal. */
  cancel(reason: unknown): void;
  /** What it came in as: one object for all who see it on its way. */
  readonly message: object;
}

/** One call of a task. */
export interface TaskCall {
  readonly task: TaskDeclaration;
  readonly args: unknown[];
  readonly class: CallClass;
  /** The request it runs after; undefined when it was called. */
  readonly request: string | undefined;
  /** The attempt of a job that it is; undefined when it is none. */
  readonly attempt?: AttemptCall;
}

/** The attempt of a job that a call is. */
export interface AttemptCall {
  readonly job: { readonly id: string; readonly attempt: number };
  /** May want it ended. */
  readonly waiter: AttemptWaiter;
  /** The trace context it was enqueued in, packed by what makes spans. */
  readonly trace: unknown;
}

/** What waits for an attempt. */
export interface AttemptWaiter extends Waiter {
  readonly onProgress: (value: number) => void;
  /** Of an attempt on the loop; a thread has a signal of its own. */
  readonly signal: AbortSignal;
}

/** Runs one request of an operation, on its lane. Gives a reply whatever happens. */
export type RunOperation = (request: LaneRequest) => Promise<RawReply>;
/** Runs one call of a task, on its lane. */
export type RunTask = (call: TaskCall) => Promise<unknown>;
/** Takes note of a request of an operation that begins, 1, or that has its reply, -1. */
export type Count = (change: 1 | -1) => void;

/**
 * Something that stands around runs. It is asked once, when the lanes open, with what runs a piece of work, and gives
 * what runs it from then on. Where it stands around nothing, nothing of it is called.
 */
export interface Around {
  /** Around an operation's run, on the loop, whichever lane the run is on. */
  operation?(operation: Operation, run: RunOperation): RunOperation;
  /** Around a task's run. */
  task?(run: RunTask): RunTask;
  /** Around the making of a dependency. */
  readonly dependency?: TraceDependency;
  /** Around the making of the chunks of a body, which is done after the run. */
  chunks?(operation: Operation, request: LaneRequest, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk>;
  /** Around the answer to an error: sees it, and may replace it. */
  failure?(
    operation: Operation | undefined,
    request: LaneRequest,
    reply: RawReply,
  ): RawReply | Promise<RawReply>;
  /** Beside an operation's requests: how many have begun and have no reply yet. */
  count?(operation: Operation): Count | undefined;
  /** Around the calls that are handed to threads. What they carry is unwrapped in the thread. */
  calls?(pool: CallPool, works: readonly { readonly id: string }[]): CallPool;
}

/** All that stands around the runs of an app, as one. */
export interface Arounds {
  operation(operation: Operation, run: RunOperation): RunOperation;
  task(run: RunTask): RunTask;
  readonly dependency: TraceDependency | undefined;
  chunks(operation: Operation, request: LaneRequest, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk>;
  failure(operation: Operation | undefined, request: LaneRequest, reply: RawReply): Promise<RawReply>;
  count(operation: Operation): Count | undefined;
  /** Undefined when nothing stands around calls. */
  readonly calls: Around["calls"];
}

/**
 * Makes one of several, as Starlette builds its stack of middleware: the last is the outermost. What runs with none of
 * them around it is given back as it is.
 */
export function compose(arounds: readonly Around[]): Arounds {
  const calls = arounds.filter(({ calls }) => calls !== undefined);
  return {
    operation: (operation, run) =>
      arounds.reduce((inner, around) => around.operation?.(operation, inner) ?? inner, run),
    task: (run) => arounds.reduce((inner, around) => around.task?.(inner) ?? inner, run),
    dependency: arounds.reduce<TraceDependency | undefined>(
      (inner, { dependency }) => nested(dependency, inner),
      undefined,
    ),
    chunks: (operation, request, chunks) =>
      arounds.reduce((inner, around) => around.chunks?.(operation, request, inner) ?? inner, chunks),
    failure: async (operation, request, reply) => {
      let answer = reply;
      for (const around of arounds) answer = (await around.failure?.(operation, request, answer)) ?? answer;
      return answer;
    },
    count: (operation) => {
      const counts = arounds.flatMap((around) => around.count?.(operation) ?? []);
      return counts.length < 2 ? counts[0] : (change) => counts.forEach((count) => void count(change));
    },
    calls:
      calls.length === 0
        ? undefined
        : (pool, works) => calls.reduce((inner, around) => around.calls?.(inner, works) ?? inner, pool),
  };
}

function nested(
  outer: TraceDependency | undefined,
  inner: TraceDependency | undefined,
): TraceDependency | undefined {
  if (outer === undefined || inner === undefined) return outer ?? inner;
  return (path: string, lane: Lane, make) => outer(path, lane, () => inner(path, lane, make));
}
