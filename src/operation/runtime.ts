import type { ErrorHandler } from "../app/error-handlers.ts";
import type { Lane } from "../app/lane.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import type { Exchange, Place } from "./context.ts";
import type { Failure, Open, SharedDependencies } from "./open-dependencies.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import type { ReadInputs } from "./read.ts";

/** A dependency that is to be called on a thread for an operation that runs on the loop. */
export interface RemoteCall {
  readonly dependency: CompiledDependency;
  readonly inputs: ReadInputs;
  /** What it needs itself and the loop has, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What it needs itself and its thread has: the paths in the plan, by name. */
  readonly there: Readonly<Record<string, string>>;
}

/** What came of such calls. */
export interface RemoteOutcome {
  /** What they gave, in their order; undefined where nothing on the loop receives it. */
  readonly values: readonly RemoteValue[];
  /** What is open there now. */
  readonly open: readonly Open[];
  /** What one of them threw: those after it were not called. */
  readonly failure: Failure | undefined;
}

/** A clone of a value, or what in it cannot leave its thread: `value.close (a function)`. */
export type RemoteValue = { readonly value: unknown } | { readonly found: string } | undefined;

/** The dependencies of one request that are called on a thread: all on the same, where what they open stays open. */
export interface RemoteDependencies {
  /** Calls some in order. */
  call(calls: readonly RemoteCall[]): Promise<RemoteOutcome>;
}

/** What needs dependencies: an operation, or a task. */
export interface Dependent extends Pick<CompiledOperation, "dependencies" | "plan"> {
  readonly declaration: Pick<CompiledOperation["declaration"], "id" | "location">;
}

/** Makes a dependency as a span. `path` is how the operation comes to need it: `user > db`. */
export type TraceDependency = (path: string, lane: Lane, make: () => Promise<unknown>) => Promise<unknown>;

/** What a lane gives the pipeline that runs on it. */
export interface Runtime extends Place {
  /** Values of the scopes "thread" and "app", which its requests share. */
  readonly shared: SharedDependencies;
  /** Has the plain dependencies of a request called on a thread. Not asked in a thread. */
  onThread(dependent: Dependent, request: RawRequest, exchange: Exchange): RemoteDependencies;
  /** Makes a dependency so that it shows in the trace. Undefined when nothing is traced. */
  readonly traceDependency: TraceDependency | undefined;
  /** Has a plain error handler answer on a thread. Not asked in a thread. */
  answerOnThread(
    handler: ErrorHandler,
    error: unknown,
    request: RawRequest,
    exchange: Exchange,
  ): Promise<RawReply>;
}
