import { brand, checkServingCopy } from "../../errors/brand.ts";
import { counted } from "../../errors/counted.ts";
import { callerLocation } from "../../errors/location.ts";
import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { isSchema } from "../../schema/schema.ts";
import { type NamedDependency, namedDependencies } from "../dependency.ts";
import { timeoutMs } from "../integer.ts";
import { type AnyFunction, type Lane, laneOf } from "../lane.ts";
import { checkOptionNames } from "../option-names.ts";
import { Bindings } from "../settings/bindings.ts";
import { checkStorable, type Durable, readDurable, readSchedule, type TaskSchedule } from "./durable.ts";
import type { EnqueuedJob, EnqueueOptions } from "./jobs.ts";
import {
  type AnyTaskOptions,
  type ArgumentSchemas,
  type Enqueue,
  type Task,
  taskOptionNames,
} from "./task.ts";

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
  checkOptionNames(`declare task "${name}"`, options, taskOptionNames, location);
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
  throw notServing(declaration, `run task "${declaration.name}" ${where}`);
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
  throw notServing(declaration, `enqueue task "${name}"`);
}

/** @throws {OffloopError} `OFFLOOP_TWO_COPIES` when another copy of offloop serves the app. */
function notServing({ name, location: at }: TaskDeclaration, doing: string): OffloopError {
  checkServingCopy(doing, at);
  return new OffloopError("OFFLOOP_NOT_SERVING", `Cannot ${doing}: its app is not being served`, {
    at,
    fix: `serve the app first, or call ${name}.fn(...) to run the function where you are`,
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
  const index = Array.isArray(args) ? args.findIndex((schema) => !isSchema(schema)) : -1;
  if (Array.isArray(args) && index === -1) return;
  const wrong = index === -1 ? "args is not a list of schemas" : `args[${index}] is not a schema`;
  throw new OffloopError("OFFLOOP_SCHEMA_INVALID", `Cannot declare task "${task}": ${wrong}`, {
    at,
    fix: "pass one schema for each argument: args: [z.string(), z.int()]",
  });
}
