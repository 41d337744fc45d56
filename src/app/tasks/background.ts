import { checkCopy } from "../../errors/brand.ts";
import { callerLocation } from "../../errors/location.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { findUncloneable } from "../cloneable.ts";
import { explainForeign, ofBackground } from "../foreign-methods.ts";
import { type AnyFunction, functionName, laneOf } from "../lane.ts";
import type { Task } from "./task.ts";
import { type TaskDeclaration, taskDeclaration, unnamedTask } from "./task-declaration.ts";

/** Work to do after the response: a task, or a plain async function. */
export interface BackgroundCall {
  readonly task: TaskDeclaration;
  readonly args: unknown[];
}

/**
 * Work to do after the response, kept in order: each piece starts when the one before has ended, on its own lane.
 * FastAPI's `BackgroundTasks`. The first that fails stops the rest; the client has its answer by then.
 *
 * @example
 * ```ts
 * import { App } from "offloop";
 *
 * const app = new App();
 * const resize = app.task("resize", (path: string, width: number) => { console.log(path, width); });
 *
 * app.post("/images", async ({ background }) => {
 *   background.add(resize, "a.png", 200);
 *   background.add(async (note: string) => console.log(note), "resized");
 *   return "ok";
 * });
 * ```
 */
export class Background {
  #calls: BackgroundCall[] = [];
  readonly #operation: string;
  readonly #inThread: boolean;
  #isOver = false;

  /** @internal */
  constructor(operation: string, inThread: boolean) {
    this.#operation = operation;
    this.#inThread = inThread;
  }

  /** The calls added so far. Grows even while they run, when a running function adds more. */
  get calls(): BackgroundCall[] {
    return this.#calls;
  }

  /**
   * Adds a task, or on the loop an async function, to run after the response.
   *
   * @param task - What `app.task` returned; or an async function, when the operation runs on the loop.
   * @param args - Its arguments. They must be structured-cloneable when the task runs on a thread, or when you add it
   * from one.
   * @throws {OffloopError} `OFFLOOP_TASK_UNNAMED` for a plain function, or for any function in a threaded operation;
   * `OFFLOOP_NOT_CLONEABLE` for arguments that cannot cross; `OFFLOOP_TASK_LATE` when the request's tasks have already
   * run, for example after a dependency's `yield`.
   */
  add<Args extends unknown[]>(task: Task<Args, unknown, AnyFunction>, ...args: Args): void;
  add<Args extends unknown[]>(task: (...args: Args) => Promise<unknown>, ...args: Args): void;
  add(task: AnyFunction, ...args: unknown[]): void {
    if (this.#isOver) throw this.#tooLate();
    const declared = taskDeclaration(task);
    if (declared !== undefined && (this.#inThread || declared.lane === "thread"))
      this.#checkArguments(declared.name, args);
    this.#calls.push({ task: declared ?? this.#closure(task), args });
  }

  /** @internal Puts what has been added, and whatever will be, after these calls, which may still grow. */
  follow(calls: BackgroundCall[]): void {
    for (const call of this.#calls) calls.push(call); // as arguments, 125,000 would overflow the stack
    this.#calls = calls;
  }

  /** @internal The tasks have run: any that is added from now on would be lost. */
  end(): void {
    this.#isOver = true;
  }

  #tooLate(): OffloopError {
    return new OffloopError(
      "OFFLOOP_TASK_LATE",
      `Cannot add a task to background in ${this.#operation}: its tasks have run`,
      { at: callerLocation(), fix: "add it before the yield, or call it: await task(...)" },
    );
  }

  #closure(fn: AnyFunction): TaskDeclaration {
    const location = callerLocation();
    checkCopy(fn, `add a task to background in ${this.#operation}`, location);
    const lane = laneOf(`to background in ${this.#operation}`, fn, undefined, location);
    if (lane === "loop" && !this.#inThread) return unnamedTask(functionName(fn), fn, location);
    const what = lane === "loop" ? "an async function from a thread" : "a plain function";
    const why = lane === "loop" ? "it cannot leave the thread" : "a thread can only find it by name";
    throw new OffloopError(
      "OFFLOOP_TASK_UNNAMED",
      `Cannot add ${what} to background in ${this.#operation}: ${why}`,
      {
        at: location,
        fix: 'declare it with app.task("name", fn) and add the task',
      },
    );
  }

  #checkArguments(name: string, args: unknown[]): void {
    const found = findUncloneable(args, "args");
    if (found === undefined) return;
    throw new OffloopError(
      "OFFLOOP_NOT_CLONEABLE",
      `Cannot add task "${name}" in ${this.#operation}: ${found} cannot cross between threads`,
      {
        at: callerLocation(),
        fix: "pass plain data that structuredClone accepts",
      },
    );
  }
}

explainForeign(Background.prototype, "background", ofBackground);
