import { brand } from "../errors/brand.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { type AnyFunction, type Lane, laneOf } from "./lane.ts";
import { callerLocation } from "./location.ts";
import { checkOptionNames } from "./option-names.ts";
import { timeoutMs } from "./settings.ts";

/** Options of a task. */
export interface TaskOptions {
  /** Where it runs, against the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane;
  /**
   * How long a run may take; past it the run fails. On a thread it is ended and the thread replaced; on the loop it may
   * go on. Milliseconds, 1-86,400,000. Default: the app's `timeouts.taskMs`.
   */
  readonly timeoutMs?: number;
}

/** A task as declared: what the lanes look at. */
export interface TaskDeclaration {
  readonly name: string;
  readonly lane: Lane;
  readonly fn: AnyFunction;
  readonly timeoutMs: number | undefined;
  readonly location: SourceLocation;
}

/**
 * A named function that the rule applies to: an async one runs on the loop, a plain one on a thread.
 *
 * Calling it runs it now, on its lane, and gives its result (Python's `asyncio.to_thread`). Inside a thread it runs
 * right there. Added to a request's `background`, it runs after the response.
 */
export interface Task<Args extends unknown[] = unknown[], Result = unknown> {
  /** Runs it now, on its lane. */
  (...args: Args): Promise<Awaited<Result>>;
  /** The name threads find it by. */
  readonly name: string;
  /** The declared function itself, to call it where you are: in a unit test, or from other plain code. */
  readonly fn: (...args: Args) => Result;
}

/** Runs a task on its lane; set by whatever serves the app. */
type TaskRunner = (task: TaskDeclaration, args: unknown[]) => Promise<unknown>;

interface TaskState {
  readonly declaration: TaskDeclaration;
  runner: TaskRunner | undefined;
  /** Whether no app includes the router that declares it, as far as is known. */
  isStray: boolean;
}

const made: Task[] = [];

/** Every task made in this thread so far, in order. */
export function tasksMade(): readonly Task[] {
  return made;
}

const states = new WeakMap<object, TaskState>();

/** Makes a task of a function. Its lane is decided here, once. */
export function createTask<Args extends unknown[], Result>(
  name: string,
  options: TaskOptions,
  fn: (...args: Args) => Result,
): Task<Args, Result> {
  const location = callerLocation();
  checkName(name, location);
  const lane = laneOf(`task "${name}"`, fn, options.runs, location);
  checkOptionNames(`declare task "${name}"`, options, { runs: true, timeoutMs: true }, location);
  const state: TaskState = {
    declaration: {
      name,
      lane,
      fn,
      timeoutMs: timeoutMs(`timeoutMs of task "${name}"`, options.timeoutMs),
      location,
    },
    runner: undefined,
    isStray: false,
  };
  const call = (...args: Args): Promise<unknown> => runNow(state, args);
  const task = Object.defineProperties(call, {
    name: { value: name },
    fn: { value: fn, enumerable: true },
  }) as unknown as Task<Args, Result>;
  brand(task);
  states.set(task, state);
  made.push(task as unknown as Task);
  return task;
}

/** The declaration behind a task, or undefined when the value is not a task. */
export function taskDeclaration(value: unknown): TaskDeclaration | undefined {
  return typeof value === "function" ? states.get(value)?.declaration : undefined;
}

/** Says who runs a task that is called; undefined when its app is no longer served. */
export function bindTask(task: Task, runner: TaskRunner | undefined): void {
  const state = states.get(task);
  if (state === undefined) return;
  state.runner = runner;
  if (runner !== undefined) state.isStray = false;
}

/** Notes that no app includes the router of a task. False when that was known. */
export function markStray(task: Task): boolean {
  const state = states.get(task);
  if (state === undefined || state.isStray) return false;
  state.isStray = true;
  return true;
}

/** A task whose router no app includes: no thread finds it. */
export function strayTask({ name, location: at }: TaskDeclaration): OffloopError {
  return new OffloopError(
    "OFFLOOP_TASK_UNKNOWN",
    `Cannot run task "${name}" on a thread: no app includes the router that declares it`,
    { at, fix: "include the router: app.include(router)" },
  );
}

async function runNow({ declaration, runner, isStray }: TaskState, args: unknown[]): Promise<unknown> {
  if (runner !== undefined) return runner(declaration, args);
  if (declaration.lane === "loop") return declaration.fn(...args);
  if (isStray) throw strayTask(declaration);
  throw new OffloopError(
    "OFFLOOP_NOT_SERVING",
    `Cannot run task "${declaration.name}" on a thread: its app is not being served`,
    {
      at: declaration.location,
      fix: `serve the app first, in a script use openTasks(app), or call ${declaration.name}.fn(...) to run the function where you are`,
    },
  );
}

function checkName(name: unknown, at: SourceLocation): void {
  if (typeof name === "string" && name.trim() !== "") return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot declare a task named ${JSON.stringify(name)}: expected a non-empty string`,
    {
      at,
      fix: 'name it: app.task("resize", fn)',
    },
  );
}
