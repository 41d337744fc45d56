import type { Lane } from "../app/lane.ts";
import type { Operation } from "../app/operation.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import type { ArrivingBody, Chunk, RawReply, RawRequest } from "../operation/raw.ts";
import type { TraceDependency } from "../operation/runtime.ts";
import type { Bindable, CallClass, CallPool, Waiter } from "../threads/pool/call.ts";

/** A request as the lanes take it, together with the client that waits for its answer. */
export interface LaneRequest extends RawRequest, Waiter, Bindable {
  readonly unread?: ArrivingBody | undefined;
  /** Aborts its signal. */
  cancel(reason: unknown): void;
  /** The incoming message: the same object for everyone who sees the request on its way. */
  readonly message: object;
  /** Its run on the loop, set by what surrounds that; undefined where nothing does. */
  caller: Caller | undefined;
}

/** What a task is called for. */
export interface CalledFor {
  /** The request it runs after; undefined for a direct call. */
  readonly request: string | undefined;
  /** What that request has added to its log lines. */
  readonly bindings?: object | undefined;
  /** The job attempt that this call makes; undefined when it makes none. */
  readonly attempt?: AttemptCall | undefined;
  /** The run whose code calls it directly; undefined where it is not known, or there is none. */
  readonly caller?: Caller | undefined;
}

/** One call of a task. */
export interface TaskCall extends CalledFor {
  readonly task: TaskDeclaration;
  readonly args: unknown[];
  readonly class: CallClass;
  /** Its own run on the loop, set by what surrounds that. */
  readonly self?: Caller;
}

/**
 * A run on the loop, as the tasks that its code calls know it. It holds nothing large, neither request nor arguments: a
 * connection that the run has opened keeps it for as long as it lives.
 */
export interface Caller {
  /** The request it is a run of. */
  readonly request: string | undefined;
  /** What has been added to the log lines of that request. */
  bindings: object | undefined;
  /** Aborts when its deadline passes; undefined until someone asks, or it has passed. */
  late: AbortController | undefined;
  /** What it runs for, where it is the run of a task. */
  task?: CalledFor;
  /** Whether its code has come to its end: what a timer of that calls later is not awaited. */
  isOver: boolean;
}

/** The job attempt that a call makes. */
export interface AttemptCall {
  readonly job: { readonly id: string; readonly attempt: number };
  /** May ask for it to be ended. */
  readonly waiter: AttemptWaiter;
  /** The trace context it was enqueued in, in the packed form of whatever makes spans. */
  readonly trace: unknown;
}

/** Waits for an attempt. */
export interface AttemptWaiter extends Waiter, Bindable {
  readonly onProgress: (value: number) => void;
  /** What the attempt has added to its log lines so far. */
  readonly bindings: object | undefined;
  /** For an attempt on the loop; a thread has a signal of its own. */
  readonly signal: AbortSignal;
}

/** Runs one request of an operation on its lane. Returns a reply, whatever happens. */
export type RunOperation = (request: LaneRequest) => Promise<RawReply>;
/** Runs one call of a task, on its lane. */
export type RunTask = (call: TaskCall) => Promise<unknown>;
/** Notes that a request of an operation begins (1) or has its reply (-1). */
export type Count = (change: 1 | -1) => void;

/**
 * Something that surrounds runs. It is asked once, when the lanes open: it receives the function that runs a piece of
 * work, and returns the one that runs it from then on. Where it surrounds nothing, none of it is called.
 */
export interface Around {
  /** Surrounds an operation's run, on the loop, whichever lane the run is on. */
  operation?(operation: Operation, run: RunOperation): RunOperation;
  /** Surrounds a task's run. */
  task?(run: RunTask): RunTask;
  /** Surrounds the creation of a dependency. */
  readonly dependency?: TraceDependency;
  /** Surrounds the production of a body's chunks, which happens after the run. */
  chunks?(operation: Operation, request: LaneRequest, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk>;
  /** Surrounds the answer to an error: sees it, and may replace it. */
  failure?(
    operation: Operation | undefined,
    request: LaneRequest,
    reply: RawReply,
  ): RawReply | Promise<RawReply>;
  /** Counts an operation's requests that have begun and have no reply yet. */
  count?(operation: Operation): Count | undefined;
  /** Names the run on the loop whose code is running; undefined when it belongs to none. Asked when that calls a task. */
  caller?(): Caller | undefined;
  /** Surrounds the calls that are handed to threads. What it adds to them is unwrapped in the thread. */
  calls?(pool: CallPool, works: readonly { readonly id: string }[]): CallPool;
}

/** Everything that surrounds an app's runs, as one. */
export interface Arounds {
  operation(operation: Operation, run: RunOperation): RunOperation;
  task(run: RunTask): RunTask;
  readonly dependency: TraceDependency | undefined;
  chunks(operation: Operation, request: LaneRequest, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk>;
  failure(operation: Operation | undefined, request: LaneRequest, reply: RawReply): Promise<RawReply>;
  count(operation: Operation): Count | undefined;
  /** Names the run on the loop whose code is running, where anything knows. */
  caller(): Caller | undefined;
  /** Undefined when nothing surrounds calls. */
  readonly calls: Around["calls"];
}

/**
 * Composes several into one, as Starlette builds its stack of middleware: the last is the outermost. A run that none of
 * them surrounds is returned unchanged.
 */
export function compose(arounds: readonly Around[]): Arounds {
  const calls = arounds.filter(({ calls }) => calls !== undefined);
  const knowing = arounds.find(({ caller }) => caller !== undefined);
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
    caller: () => knowing?.caller?.(),
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
