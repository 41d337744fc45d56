import type { ErrorHandler } from "../app/error-handlers.ts";
import type { Lane } from "../app/lane.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import type { Exchange } from "./context.ts";
import type { SharedDependencies } from "./open-dependencies.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import type { ReadInputs } from "./read.ts";

/** A dependency that is to be made on a thread for an operation that runs on the loop. */
export interface RemoteDependency {
  readonly operation: CompiledOperation;
  readonly node: CompiledDependency;
  readonly request: RawRequest;
  readonly inputs: ReadInputs;
  /** What it needs itself, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly exchange: Exchange;
}

/** Makes a dependency as a span. `path` is how the operation comes to need it: `user > db`. */
export type TraceDependency = (path: string, lane: Lane, make: () => Promise<unknown>) => Promise<unknown>;

/** What a lane gives the pipeline that runs on it. */
export interface Runtime {
  readonly inThread: boolean;
  /** Values of the scopes "thread" and "app", which its requests share. */
  readonly shared: SharedDependencies;
  /** Makes a plain dependency on a thread and gives a clone of its value. Not asked in a thread. */
  makeOnThread(remote: RemoteDependency): Promise<unknown>;
  /** Makes a dependency so that it shows in the trace. Undefined when nothing is traced. */
  readonly traceDependency: TraceDependency | undefined;
  /** Has a plain error handler answer on a thread. Not asked in a thread. */
  answerOnThread(handler: ErrorHandler, error: unknown, request: RawRequest): Promise<RawReply>;
}
