import { OffloopError } from "../errors/offloop-error.ts";
import type { Schema, Schemas } from "../schema/schema.ts";
import type { NoSchemas } from "./context.ts";
import { taskDuplicate, uniqueOperations, uniqueTasks } from "./duplicates.ts";
import { callerLocation } from "./location.ts";
import {
  type AnyOperationOptions,
  createOperation,
  type Handler,
  type Method,
  type Operation,
  type OperationOptions,
  placeOperation,
} from "./operation.ts";
import { checkPrefix } from "./path.ts";
import { createTask, type Task, type TaskOptions } from "./task.ts";

/** Options of a router, and of including one. */
export interface RouterOptions {
  /** Put before every path; starts with a slash and does not end with one. Default none. */
  readonly prefix?: string;
  /** Tags of every operation, before its own. Default none. */
  readonly tags?: readonly string[];
}

/** Adds an operation for one method. */
export interface AddOperation {
  /** An operation that declares nothing but its path. */
  <Path extends string>(path: Path, handler: Handler<Path>): void;
  /** An operation that declares its inputs. */
  <
    Path extends string,
    P extends Schemas = NoSchemas,
    Q extends Schemas = NoSchemas,
    H extends Schemas = NoSchemas,
    C extends Schemas = NoSchemas,
    B extends Schema | undefined = undefined,
  >(
    path: Path,
    options: OperationOptions<Path, P, Q, H, C, B>,
    handler: Handler<Path, P, Q, H, C, B>,
  ): void;
}

interface Included {
  readonly router: Router;
  readonly options: RouterOptions;
}

/**
 * Operations and tasks that belong together, to be included in an app or another router. FastAPI's `APIRouter`.
 *
 * @example
 * ```ts
 * import { App, Router } from "offloop";
 *
 * const items = new Router({ prefix: "/items", tags: ["items"] });
 * items.get("/:item_id", async ({ params }) => ({ item_id: params.item_id }));
 *
 * const app = new App();
 * app.include(items);
 * ```
 */
export class Router {
  readonly #options: RouterOptions;
  readonly #operations: (Operation | Included)[] = [];
  readonly #tasks = new Map<string, Task>();

  /** Adds an operation that answers GET. */
  readonly get: AddOperation = this.#adder("GET");
  /** Adds an operation that answers HEAD. */
  readonly head: AddOperation = this.#adder("HEAD");
  /** Adds an operation that answers POST. */
  readonly post: AddOperation = this.#adder("POST");
  /** Adds an operation that answers PUT. */
  readonly put: AddOperation = this.#adder("PUT");
  /** Adds an operation that answers PATCH. */
  readonly patch: AddOperation = this.#adder("PATCH");
  /** Adds an operation that answers DELETE. */
  readonly delete: AddOperation = this.#adder("DELETE");
  /** Adds an operation that answers OPTIONS. */
  readonly options: AddOperation = this.#adder("OPTIONS");
  /** Adds an operation that answers TRACE. */
  readonly trace: AddOperation = this.#adder("TRACE");

  /**
   * Makes a router without operations.
   *
   * @param options - Prefix and tags of everything in it.
   */
  constructor(options: RouterOptions = {}) {
    checkPrefix(options.prefix ?? "", callerLocation());
    this.#options = options;
  }

  /**
   * Declares a task: a function with a name, so that a thread can find it.
   *
   * @param name - Unique in the app.
   * @param fn - Async: runs on the loop. Plain: runs on a thread; its arguments and result are cloned.
   * @returns The task: call it to run it now, or add it to a request's `background`.
   * @throws {OffloopError} `OFFLOOP_TASK_DUPLICATE`, `OFFLOOP_HANDLER_INVALID`, `OFFLOOP_LANE_UNKNOWN`.
   */
  task<Args extends unknown[], Result>(name: string, fn: (...args: Args) => Result): Task<Args, Result>;
  task<Args extends unknown[], Result>(
    name: string,
    options: TaskOptions,
    fn: (...args: Args) => Result,
  ): Task<Args, Result>;
  task(name: string, ...rest: unknown[]): Task {
    const [options, fn] = rest.length > 1 ? rest : [{}, rest[0]];
    const task = createTask(name, (options ?? {}) as TaskOptions, fn as () => unknown);
    const first = this.#tasks.get(name);
    if (first !== undefined) throw taskDuplicate(task, first);
    this.#tasks.set(name, task);
    return task;
  }

  /**
   * Takes in the operations and tasks of another router, also those added to it later.
   *
   * @param router - The router to include.
   * @param options - A prefix put before the router's own, and tags put before its own.
   * @throws {OffloopError} `OFFLOOP_ROUTER_CYCLE` when it would include itself.
   */
  include(router: Router, options: RouterOptions = {}): void {
    const at = callerLocation();
    checkPrefix(options.prefix ?? "", at);
    if (router === this || router.#reaches(this)) {
      throw new OffloopError(
        "OFFLOOP_ROUTER_CYCLE",
        "Cannot include a router: it includes this one already",
        {
          at,
          fix: "include each router on one side only",
        },
      );
    }
    this.#operations.push({ router, options });
  }

  /**
   * All operations in it and in what it includes, in the order of their declaration, with their full paths.
   *
   * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two answer the same method and path.
   */
  declaredOperations(): Operation[] {
    return uniqueOperations(this.#collect("", []));
  }

  /**
   * All tasks in it and in what it includes.
   *
   * @throws {OffloopError} `OFFLOOP_TASK_DUPLICATE` when two have the same name.
   */
  declaredTasks(): Task[] {
    return uniqueTasks(this.#collectTasks());
  }

  #adder(method: Method): AddOperation {
    return (path: string, ...rest: unknown[]) => {
      const [options, handler] = rest.length > 1 ? rest : [{}, rest[0]];
      this.#operations.push(
        createOperation(method, path, (options ?? {}) as AnyOperationOptions, handler, callerLocation()),
      );
    };
  }

  *#collect(outerPrefix: string, outerTags: readonly string[]): Generator<Operation> {
    const prefix = outerPrefix + (this.#options.prefix ?? "");
    const tags = [...outerTags, ...(this.#options.tags ?? [])];
    for (const entry of this.#operations) {
      if (!("router" in entry)) yield placeOperation(entry, prefix, tags);
      else
        yield* entry.router.#collect(prefix + (entry.options.prefix ?? ""), [
          ...tags,
          ...(entry.options.tags ?? []),
        ]);
    }
  }

  *#collectTasks(): Generator<Task> {
    yield* this.#tasks.values();
    for (const entry of this.#operations) if ("router" in entry) yield* entry.router.#collectTasks();
  }

  #reaches(target: Router): boolean {
    return this.#operations.some(
      (entry) => "router" in entry && (entry.router === target || entry.router.#reaches(target)),
    );
  }
}
