import { brand } from "../errors/brand.ts";
import { counted } from "../errors/counted.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { type AnySchema, type InputOf, isSchema, type OutputOf } from "../schema/schema.ts";
import { Bindings } from "./bindings.ts";
import {
  type Dependencies,
  type DependencyValues,
  type NamedDependency,
  namedDependencies,
} from "./dependency.ts";
import {
  checkStorable,
  type Durable,
  type DurableOptions,
  readDurable,
  readSchedule,
  type TaskSchedule,
} from "./durable.ts";
import { timeoutMs } from "./integer.ts";
import type { EnqueuedJob, EnqueueOptions } from "./jobs.ts";
import { type AnyFunction, type Lane, laneOf } from "./lane.ts";
import { callerLocation } from "./location.ts";
import type { Log } from "./log.ts";
import { type CheckedOptions, checkOptionNames } from "./option-names.ts";

/** Options of a task, except for those that concern its arguments. */
export interface TaskOptions {
  /** Where it runs. Default, by the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane;
  /**
   * How long a run may take; after that it fails. On a thread it is ended and the thread replaced; on the loop it may
   * continue. Milliseconds, 1-86,400,000. Default: the app's `timeouts.taskMs`.
   */
  readonly timeoutMs?: number;
  /** Whether you can enqueue it: as a job that is stored, retried, and run by any process. Default false. */
  readonly durable?: boolean | DurableOptions;
  /**
   * When it runs by itself, once for all processes: minute, hour, day, month, weekday, like `"0 3 * * *"`. Makes it
   * durable. It gives no arguments, so the function may require none. When the clocks change, a skipped local time
   * counts after the gap, and a repeated one counts once.
   */
  readonly schedule?: string;
  /** The IANA time zone of `schedule`. Default `"UTC"`. */
  readonly timezone?: string;
}

/** One schema for each argument. */
export type ArgumentSchemas = readonly AnySchema[];

/** The arguments of the function: the outputs of the schemas. */
export type ArgumentValues<S extends ArgumentSchemas> = { -readonly [Index in keyof S]: OutputOf<S[Index]> };

/** The enqueued arguments: the inputs of the schemas. */
export type ArgumentInputs<S extends ArgumentSchemas> = { -readonly [Index in keyof S]: InputOf<S[Index]> };

/** The running job, as its function sees it. */
export interface RunningJob {
  /** The job's id, the same on every attempt: the key for effects that must not happen twice. */
  readonly id: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /**
   * Reports its progress.
   *
   * @param value - 0-1.
   * @throws {RangeError} For any other value.
   */
  progress(value: number): void;
}

/** The context that a task with `deps` receives before its arguments. */
export interface TaskContext {
  /** The job it runs for; undefined when it was called directly, or runs after a response. */
  readonly job: RunningJob | undefined;
  /**
   * Aborts when the job is cancelled, broken off by a shutdown or given to another process, and on the loop when the
   * deadline passes. On a thread you can check `signal.aborted` and `signal.throwIfAborted()` even in the middle of
   * synchronous code.
   */
  readonly signal: AbortSignal;
  /** The log, with the task and its job or request in every line. */
  readonly log: Log;
}

/** A task as declared, in the form that the lanes read. */
export interface TaskDeclaration {
  readonly name: string;
  readonly lane: Lane;
  readonly fn: AnyFunction;
  readonly timeoutMs: number | undefined;
  readonly location: SourceLocation;
  /** Its dependencies; undefined when it declares no deps, in which case it receives only its arguments. */
  readonly deps: readonly NamedDependency[] | undefined;
  /** Undefined when it cannot be enqueued. */
  readonly durable: Durable | undefined;
  readonly schedule: TaskSchedule | undefined;
  readonly args: ArgumentSchemas | undefined;
}

/**
 * A named function that follows the rule: an async one runs on the loop, a plain one on a thread.
 *
 * Calling it runs it now, on its lane, and returns its result (Python's `asyncio.to_thread`). Called inside a thread,
 * it runs right there. Added to a request's `background`, it runs after the response.
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
      ArgumentValues<S>,
      ReturnType<Fn>,
      ArgumentInputs<S>,
      FunctionOf<Options, ArgumentValues<S>, Fn>
    >
  : Options extends { readonly deps: Dependencies }
    ? TaskOf<Options, Rest<Parameters<Fn>>, ReturnType<Fn>, Rest<Parameters<Fn>>, AnyFunction>
    : TaskOf<Options, Parameters<Fn>, ReturnType<Fn>>;

/** The function of a task with `args`, as a unit test calls it. */
type FunctionOf<Options, Args extends unknown[], Fn extends FunctionToRun> = Options extends {
  readonly deps: Dependencies;
}
  ? AnyFunction
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

/** Runs a task on its lane; set by whatever serves the app. */
type TaskRunner = (task: TaskDeclaration, args: unknown[]) => Promise<unknown>;

/** Stores jobs; set by whatever serves the app. */
export interface TaskEnqueuer {
  enqueue(task: TaskDeclaration, args: readonly unknown[], options: EnqueueOptions): Promise<EnqueuedJob>;
  /** @throws {OffloopError} `OFFLOOP_ENQUEUE_LANE` where that would block the loop. */
  enqueueSync(task: TaskDeclaration, args: readonly unknown[], options: EnqueueOptions): EnqueuedJob;
  /** Stores a job for a thread, which waits for it and can do nothing else meanwhile. */
  enqueueForThread(
    task: TaskDeclaration,
    args: readonly unknown[],
    asked: ThreadEnqueue,
  ): Promise<EnqueuedJob>;
}

/** How a thread enqueues a job. */
export interface ThreadEnqueue {
  readonly options: EnqueueOptions;
  /** The thread's trace context. */
  readonly trace: unknown;
}

interface TaskState {
  readonly declaration: TaskDeclaration;
  readonly runners: Bindings<TaskRunner>;
  readonly enqueuers: Bindings<TaskEnqueuer>;
  /** Whether, as far as is known, no app includes the router that declares it. */
  isStray: boolean;
}

const made: Task[] = [];

/** Every task made in this thread so far, in order. */
export function tasksMade(): readonly Task[] {
  return made;
}

const optionNames: Readonly<Record<keyof AnyTaskOptions, true>> = {
  runs: true,
  timeoutMs: true,
  durable: true,
  schedule: true,
  timezone: true,
  args: true,
  deps: true,
};

const enqueueNames: Readonly<Record<keyof EnqueueOptions, true>> = {
  tx: true,
  key: true,
  delayMs: true,
  at: true,
  priority: true,
};

const states = new WeakMap<object, TaskState>();

/** Makes a task from a function. Its lane is decided here, once. */
export function createTask(
  name: string,
  options: AnyTaskOptions,
  fn: AnyFunction,
  location: SourceLocation,
): Task {
  const declaration = declareTask(name, options, fn, location);
  const state: TaskState = {
    declaration,
    runners: new Bindings(),
    enqueuers: new Bindings(),
    isStray: false,
  };
  const call = (...args: unknown[]): Promise<unknown> => runNow(state, args);
  const task = Object.defineProperties(call, {
    name: { value: name },
    fn: { value: fn, enumerable: true },
  }) as unknown as Task;
  Object.assign(task, enqueueing(state, {}), {
    with: (given: EnqueueOptions) => {
      checkOptionNames(`enqueue task "${name}"`, given, enqueueNames, callerLocation);
      return enqueueing(state, given);
    },
  });
  brand(task);
  states.set(task, state);
  made.push(task);
  return task;
}

function declareTask(
  name: string,
  options: AnyTaskOptions,
  fn: AnyFunction,
  location: SourceLocation,
): TaskDeclaration {
  checkName(name, location);
  const lane = laneOf(`task "${name}"`, fn, options.runs, location);
  checkOptionNames(`declare task "${name}"`, options, optionNames, location);
  const { deps, args, durable } = options;
  const schedule = readSchedule(name, options.schedule, options.timezone, location);
  checkSchemas(name, args, location);
  const stored = readDurable(name, schedule === undefined ? durable : (durable ?? true), location);
  if (stored !== undefined) checkStorable(name, args, location);
  if (schedule !== undefined && args === undefined)
    checkScheduled(name, fn, deps === undefined ? 0 : 1, location);
  return {
    name,
    lane,
    fn,
    timeoutMs: timeoutMs(`timeoutMs of task "${name}"`, options.timeoutMs, location),
    location,
    deps: deps && namedDependencies(`task "${name}"`, deps, location, ["job"]),
    durable: stored,
    schedule,
    args,
  };
}

/** Defaults and rest parameters do not count. What `args` describes may have defaults, too: that shows at the start. */
function checkScheduled(task: string, fn: AnyFunction, received: number, at: SourceLocation): void {
  const missing = fn.length - received;
  if (missing <= 0) return;
  const context = received === 0 ? ", or write deps: {} if it is the context that you want" : "";
  throw new OffloopError(
    "OFFLOOP_HANDLER_INVALID",
    `Cannot declare task "${task}": its function requires ${counted(missing, "argument")}, and its schedule gives none`,
    { at, fix: `give each a default, like (days: number = 7) => ...${context}` },
  );
}

function enqueueing(state: TaskState, options: EnqueueOptions): Enqueue<unknown[], unknown> {
  const { declaration } = state;
  return {
    enqueue: async (...args) => enqueuerOf(state).enqueue(declaration, args, options),
    enqueueSync: (...args) => enqueuerOf(state).enqueueSync(declaration, args, options),
  };
}

/** Stores a job of a task for a thread. */
export async function enqueueForThread(
  task: Task,
  args: readonly unknown[],
  asked: ThreadEnqueue,
): Promise<EnqueuedJob> {
  const state = states.get(task) as TaskState;
  return enqueuerOf(state).enqueueForThread(state.declaration, args, asked);
}

/**
 * Takes the place of a task's declaration, for an async function that was passed directly or for a task that only a
 * thread knows.
 */
export function unnamedTask(name: string, fn: AnyFunction, location: SourceLocation): TaskDeclaration {
  const own = { name, fn, location, lane: "loop", timeoutMs: undefined } as const;
  return { ...own, deps: undefined, durable: undefined, schedule: undefined, args: undefined };
}

/** The declaration behind a task, or undefined when the value is not a task. */
export function taskDeclaration(value: unknown): TaskDeclaration | undefined {
  return typeof value === "function" ? states.get(value)?.declaration : undefined;
}

/** Sets what runs a task when it is called. @returns Ends that. */
export function bindTask(task: Task, runner: TaskRunner): () => void {
  const state = states.get(task) as TaskState;
  state.isStray = false;
  return state.runners.bind(runner);
}

/** Notes that no app includes a task's router. False if that was known already. */
export function markStray(task: Task): boolean {
  const state = states.get(task);
  if (state === undefined || state.isStray) return false;
  state.isStray = true;
  return true;
}

/** The error for a task whose router no app includes: no thread finds it. */
export function strayTask({ name, location: at }: TaskDeclaration): OffloopError {
  return new OffloopError(
    "OFFLOOP_TASK_UNKNOWN",
    `Cannot run task "${name}" on a thread: no app includes the router that declares it`,
    { at, fix: "include the router: app.include(router)" },
  );
}

/** Sets what stores a task's jobs. @returns Ends that. */
export function bindEnqueuer(task: Task, enqueuer: TaskEnqueuer): () => void {
  return (states.get(task) as TaskState).enqueuers.bind(enqueuer);
}

async function runNow({ declaration, runners, isStray }: TaskState, args: unknown[]): Promise<unknown> {
  const runner = runners.current;
  if (runner !== undefined) return runner(declaration, args);
  if (declaration.lane === "loop" && declaration.deps === undefined) return declaration.fn(...args);
  if (isStray) throw strayTask(declaration);
  const where = declaration.lane === "loop" ? "with its dependencies" : "on a thread";
  throw notServing(
    declaration,
    `Cannot run task "${declaration.name}" ${where}`,
    `${declaration.name}.fn(...)`,
  );
}

function enqueuerOf({ declaration, enqueuers }: TaskState): TaskEnqueuer {
  const { name, location, durable } = declaration;
  if (durable === undefined) {
    throw new OffloopError("OFFLOOP_TASK_NOT_DURABLE", `Cannot enqueue task "${name}": it is not durable`, {
      at: location,
      fix: `declare it with durable: true, or call it, or add it to background`,
    });
  }
  const enqueuer = enqueuers.current;
  if (enqueuer !== undefined) return enqueuer;
  throw notServing(declaration, `Cannot enqueue task "${name}"`, `${name}.fn(...)`);
}

function notServing({ location: at }: TaskDeclaration, what: string, instead: string): OffloopError {
  return new OffloopError("OFFLOOP_NOT_SERVING", `${what}: its app is not being served`, {
    at,
    fix: `serve the app first, or call ${instead} to run the function where you are`,
  });
}

function checkName(name: unknown, at: SourceLocation): void {
  if (typeof name === "string" && name.trim() !== "") return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot declare a task named ${shownValue(name)}: expected a non-empty string`,
    {
      at,
      fix: 'name it: app.task("resize", fn)',
    },
  );
}

function checkSchemas(task: string, args: unknown, at: SourceLocation): void {
  if (args === undefined) return;
  const index = Array.isArray(args) ? args.findIndex((schema) => !isSchema(schema)) : 0;
  if (Array.isArray(args) && index === -1) return;
  throw new OffloopError(
    "OFFLOOP_SCHEMA_INVALID",
    `Cannot declare task "${task}": args${Array.isArray(args) ? `[${index}]` : ""} is not a ${Array.isArray(args) ? "schema" : "list of schemas"}`,
    { at, fix: "pass one schema for each argument: args: [z.string(), z.int()]" },
  );
}
