import type { AnySchema, InputOf, OutputOf } from "../../schema/schema.ts";
import type { Dependencies, DependencyValues } from "../dependency.ts";
import type { Lane } from "../lane.ts";
import type { Log } from "../log.ts";
import type { CheckedOptions } from "../option-names.ts";
import type { DurableOptions } from "./durable.ts";
import type { EnqueuedJob, EnqueueOptions } from "./jobs.ts";

/** Options of a task, except for those that concern its arguments. */
export interface TaskOptions {
  /** Where it runs. Default, by the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane | undefined;
  /**
   * How long a run may take; after that it fails. On a thread it is ended and the thread replaced; on the loop it may
   * continue. Milliseconds, 1-86,400,000. Default: the app's `timeouts.taskMs`.
   */
  readonly timeoutMs?: number | undefined;
  /** Whether you can enqueue it: as a job that is stored, retried, and run by any process. Default false. */
  readonly durable?: boolean | DurableOptions | undefined;
  /**
   * When it runs by itself, once for all processes: minute, hour, day, month, weekday, like `"0 3 * * *"`. Makes it
   * durable. It gives no arguments, so the function may require none. When the clocks change, a skipped local time
   * counts after the gap, and a repeated one counts once.
   */
  readonly schedule?: string | undefined;
  /** The IANA time zone of `schedule`. Default `"UTC"`. */
  readonly timezone?: string | undefined;
}

/** One schema for each argument. */
export type ArgumentSchemas = readonly AnySchema[];

/** The arguments of the function: the outputs of the schemas. */
export type ArgumentValues<S extends ArgumentSchemas> = { -readonly [Index in keyof S]: OutputOf<S[Index]> };

/** The enqueued arguments: the inputs of the schemas. */
export type ArgumentInputs<S extends ArgumentSchemas> = { -readonly [Index in keyof S]: InputOf<S[Index]> };

/** The arguments of a call, which may leave out the last ones if these may be undefined. */
type Omittable<Args extends readonly unknown[]> = Args extends [...infer Others, infer Last]
  ? undefined extends Last
    ? [...Omittable<Others>, last?: Last]
    : Args
  : Args;

/** The running job, as its function sees it. */
export interface RunningJob {
  /** The job's id, the same on every attempt: the key for effects that must not happen twice. */
  readonly id: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /**
   * Reports its progress. Never fails the attempt: a value below 0 or above 1 counts as 0 or 1, and one that is not a
   * number is left out. If that is more than a rounding, the log warns of it, once an attempt.
   *
   * @param value - 0-1.
   */
  progress(value: number): void;
}

/** The context that a task with `deps` receives before its arguments. */
export interface TaskContext {
  /** The job it runs for; undefined when it was called directly, or runs after a response. */
  readonly job: RunningJob | undefined;
  /**
   * Aborts when the job is cancelled, broken off by a shutdown or a database that does not answer, or given to another
   * process, and on the loop when the deadline passes; of an awaited task, when that happens to the job whose code calls
   * it. On a thread you can check `signal.aborted` and
   * `signal.throwIfAborted()` even in the middle of synchronous code.
   */
  readonly signal: AbortSignal;
  /**
   * The log, with the task and its job or request in every line. An awaited task has those of the job or request whose
   * code calls it, with the fields that these have added.
   */
  readonly log: Log;
}

/**
 * A named function that follows the rule: an async one runs on the loop, a plain one on a thread.
 *
 * Calling it runs it now, on its lane, and returns its result (Python's `asyncio.to_thread`). Called inside a thread,
 * it runs right there. Called by a job or an operation on the loop, it is ended on its thread when the job is cancelled, or
 * the deadline of either passes. Added to a request's `background`, it runs after the response.
 */
export interface Task<Args extends unknown[] = unknown[], Result = unknown, Fn = (...args: Args) => Result> {
  /** Runs it now, on its lane. */
  (...args: Args): Promise<Awaited<Result>>;
  /** The name by which threads find it. */
  readonly name: string;
  /** The declared function itself, so that you can call it in place: in a unit test, or from other plain code. */
  readonly fn: Fn;
}

/** Enqueues jobs of a task. */
export interface Enqueue<Inputs extends unknown[], Result> {
  /**
   * Stores a job, and resolves when it is stored.
   *
   * @throws {OffloopError} `OFFLOOP_JOB_ARGUMENT`, `OFFLOOP_JOBS_TRANSACTION`, `OFFLOOP_NOT_SERVING`.
   */
  enqueue(...args: Inputs): Promise<EnqueuedJob<Awaited<Result>>>;
  /**
   * The same for plain functions, which run on threads: returns once the job is stored.
   *
   * @throws {OffloopError} The errors of `enqueue`, and `OFFLOOP_ENQUEUE_LANE` on the event loop.
   */
  enqueueSync(...args: Inputs): EnqueuedJob<Awaited<Result>>;
}

/**
 * A task whose runs can be stored first, as jobs: run by any process, retried, and visible and stoppable from anywhere.
 *
 * @example
 * ```ts
 * import { App } from "offloop";
 *
 * const app = new App();
 * const resize = app.task("resize", { durable: { retries: 3 } }, (path: string, width: number) => { console.log(path, width); });
 *
 * app.post("/images", async () => {
 *   const job = await resize.with({ key: "a.png", delayMs: 1_000 }).enqueue("a.png", 200);
 *   return { job: job.id };
 * });
 * ```
 */
export interface DurableTask<
  Args extends unknown[] = unknown[],
  Result = unknown,
  Inputs extends unknown[] = Args,
  Fn = (...args: Args) => Result,
> extends Task<Args, Result, Fn>,
    Enqueue<Inputs, Result> {
  /** Enqueues with options. @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`. */
  with(options: EnqueueOptions): Enqueue<Inputs, Result>;
}

/** The kind of task that the options make. */
export type TaskOf<
  Options,
  Args extends unknown[],
  Result,
  Inputs extends unknown[] = Args,
  Fn = (...args: Args) => Result,
> = Options extends { durable: true | DurableOptions } | { schedule: string }
  ? DurableTask<Args, Result, Inputs, Fn>
  : Task<Args, Result, Fn>;

/** Options of a task, those of its arguments included. */
export type AnyTaskOptions = TaskOptions & {
  /** One schema for each argument: checked when a job is enqueued, and again when it is taken. */
  readonly args?: ArgumentSchemas;
  /** Its dependencies. With them, even `{}`, the function receives its context first. */
  readonly deps?: Dependencies;
};

/** The names of all these options. */
export const taskOptionNames: Readonly<Record<keyof AnyTaskOptions, true>> = {
  runs: true,
  timeoutMs: true,
  durable: true,
  schedule: true,
  timezone: true,
  args: true,
  deps: true,
};

/**
 * An argument of which neither the function nor `args` says the type. Is it meant to be the context, with `job`, `signal`
 * and `log`? Then write `deps: {}` in the options. The compiler quotes the name of this type when the argument is used.
 */
// biome-ignore lint/suspicious/noEmptyInterface: an alias of {} would be quoted as {}
interface NeedsDepsOrAType {}

/** The context, if the options declare `deps`. */
type ContextFirst<Options> = Options extends { readonly deps: infer Deps extends Dependencies }
  ? [context: TaskContext & DependencyValues<Deps>]
  : [];

/** Any function. The compiler quotes the name where it gets something else. */
type FunctionToRun = (...args: never[]) => unknown;

/** Any function that fits the options. The compiler quotes the names of both kinds. */
type TaskFunction<Options> = Options extends { readonly deps: Dependencies }
  ? FunctionWithContext<Options>
  : FunctionWithoutContext<Options>;
type FunctionWithContext<Options> = (
  ...args: [...ContextFirst<Options>, ...SaidArguments<Options>]
) => unknown;
type FunctionWithoutContext<Options> = (...args: SaidArguments<Options>) => unknown;

/** Options that say what the arguments are, of a function that receives nothing else. */
interface ArgumentsOnly {
  readonly args: ArgumentSchemas;
  readonly deps?: never;
}

/** What a function must be to be looked at: with `args` alone, {@link CheckedFunction} says more than a constraint. */
type AnyTaskFunction<Options> = Options extends ArgumentsOnly ? FunctionToRun : TaskFunction<Options>;

/** The function, if it fits `args`. One that requires more wants its context as well, and is told how to get it. */
type CheckedFunction<Options, Fn> = Options extends { readonly schedule: string }
  ? ScheduledFunction<Options, Fn>
  : FunctionOfArguments<Options, Fn>;
type FunctionOfArguments<Options, Fn> = Options extends ArgumentsOnly
  ? Fn extends FunctionWithoutContext<Options>
    ? Fn
    : Fn extends (...args: Nevers<Options["args"]>) => unknown
      ? FunctionWithoutContext<Options>
      : "a function of args alone: with deps: {} it has its context, too"
  : Fn;

/** A schedule gives no arguments: each has to have a default, in `args` or in the function. */
type ScheduledFunction<Options, Fn> = Options extends { readonly args: infer S extends ArgumentSchemas }
  ? Undefineds<S> extends ArgumentInputs<S>
    ? FunctionOfArguments<Options, Fn>
    : "a function whose args each have a default: a schedule gives it no arguments"
  : Fn extends (...args: ContextFirst<Options>) => unknown
    ? Fn
    : "a function that requires no arguments: a schedule gives it none";

type Undefineds<S extends ArgumentSchemas> = { -readonly [Index in keyof S]: undefined };

/** As many arguments as there are schemas. */
type Nevers<S extends ArgumentSchemas> = { [Index in keyof S]: never };

/** The arguments that `args` describes; without it, the function says what they are. */
type SaidArguments<Options> = Options extends { readonly args: infer S extends ArgumentSchemas }
  ? ArgumentValues<S>
  : never[];

/** What a function's parameters are where it does not say. */
type ExpectedFunction<Options> = (
  ...args: [
    ...ContextFirst<Options>,
    ...(Options extends { readonly args: infer S extends ArgumentSchemas }
      ? ArgumentValues<S>
      : Options extends { readonly schedule: string }
        ? [first?: NeedsDepsOrAType, ...others: unknown[]]
        : [first: NeedsDepsOrAType, ...others: unknown[]]),
  ]
) => unknown;
type Expected<Options> =
  ExpectedFunction<Options> extends infer Fn extends AnyTaskFunction<Options> ? Fn : never;

type Rest<Parameters extends unknown[]> = Parameters extends [unknown?, ...infer Others] ? Others : [];

/** The task that options and a function make. */
type DeclaredTask<Options, Fn extends FunctionToRun> = Options extends {
  readonly args: infer S extends ArgumentSchemas;
}
  ? TaskOf<
      Options,
      Omittable<ArgumentValues<S>>,
      ReturnType<Fn>,
      Omittable<ArgumentInputs<S>>,
      FunctionOf<Options, Omittable<ArgumentValues<S>>, Fn>
    >
  : Options extends { readonly deps: Dependencies }
    ? TaskOf<
        Options,
        Rest<Parameters<Fn>>,
        ReturnType<Fn>,
        Rest<Parameters<Fn>>,
        FunctionOf<Options, Rest<Parameters<Fn>>, Fn>
      >
    : TaskOf<Options, Parameters<Fn>, ReturnType<Fn>>;

/** The function of a task, as a unit test calls it. Written out: the declarations of a package name no private alias. */
type FunctionOf<Options, Args extends unknown[], Fn extends FunctionToRun> = Options extends {
  readonly deps: Dependencies;
}
  ? // biome-ignore lint/suspicious/noExplicitAny: a test passes what it likes in place of the context
    (...args: any[]) => unknown
  : (...args: Args) => ReturnType<Fn>;

/**
 * Declares tasks. One signature for all options: where several could fit, the compiler reports the last one's mistake,
 * which is seldom the user's.
 */
export interface AddTask {
  /** A function with its arguments. */
  <Fn extends FunctionToRun = ExpectedFunction<unknown>>(
    name: string,
    fn: Fn,
  ): Task<Parameters<Fn>, ReturnType<Fn>>;
  /** A function after its options: with `deps` its context comes first, and `args` are the types of its arguments. */
  <const Options extends AnyTaskOptions, Fn extends AnyTaskFunction<Options> = Expected<Options>>(
    name: string,
    options: Options & CheckedOptions<Options, keyof AnyTaskOptions>,
    fn: CheckedFunction<Options, Fn>,
  ): DeclaredTask<Options, Fn>;
}
