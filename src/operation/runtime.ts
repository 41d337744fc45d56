import type { ErrorHandler } from "../app/error-handlers.ts";
import type { Lane } from "../app/lane.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import type { Exchange, Place } from "./context.ts";
import type { Failure, Open, SharedDependencies } from "./open-dependencies.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import type { ReadInputs } from "./read.ts";

/** A dependency to be called on a thread for an operation that runs on the loop. */
export interface RemoteCall {
  readonly dependency: CompiledDependency;
  readonly inputs: ReadInputs;
  /** Its own dependencies that the loop has, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Its own dependencies that its thread has: their paths in the plan, by name. */
  readonly there: Readonly<Record<string, string>>;
}

/** The outcome of such calls. */
export interface RemoteOutcome {
  /** The values in order; undefined where nothing on the loop receives one. */
  readonly values: readonly RemoteValue[];
  /** What is open there now. */
  readonly open: readonly Open[];
  /** What one of them threw: those after it were not called. */
  readonly failure: Failure | undefined;
}

/** A cloned value, or the part of it that cannot leave its thread: `value.close (a function)`. */
export type RemoteValue = { readonly value: unknown } | { readonly found: string } | undefined;

/** The dependencies of one request that are called on a thread: all on the same one, where whatever they open stays open. */
export interface RemoteDependencies {
  /** Calls several in order. */
  call(calls: readonly RemoteCall[]): Promise<RemoteOutcome>;
}

/** Something that has dependencies: an operation or a task. */
export interface Dependent extends Pick<CompiledOperation, "dependencies" | "plan"> {
  readonly declaration: Pick<CompiledOperation["declaration"], "id" | "location">;
}

/** Creates a dependency as a span. `path` is how the operation comes to need it: `user > db`. */
export type TraceDependency = (path: string, lane: Lane, make: () => Promise<unknown>) => Promise<unknown>;

/** A request that failed, as an error handler on a thread needs it. */
export interface FailedRequest {
  readonly request: RawRequest;
  readonly context: Exchange;
  /** Its declaration is missing where the error is no operation's: there is none at the path. */
  readonly operation: { readonly declaration?: Pick<CompiledOperation["declaration"], "id"> };
}

/** What a lane provides to the pipeline that runs on it. */
export interface Runtime extends Place {
  /** Values of the scopes "thread" and "app", which its requests share. */
  readonly shared: SharedDependencies;
  /** Calls a request's plain dependencies on a thread. Not called in a thread. */
  onThread(dependent: Dependent, request: RawRequest, exchange: Exchange): RemoteDependencies;
  /** Creates a dependency so that it shows up in the trace. Undefined when nothing is traced. */
  readonly traceDependency: TraceDependency | undefined;
  /** Lets a plain error handler answer on a thread. Not called in a thread. */
  answerOnThread(handler: ErrorHandler, error: unknown, failed: FailedRequest): Promise<RawReply>;
}
