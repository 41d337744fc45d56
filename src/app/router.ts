import { brand, checkCopy } from "../errors/brand.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { NoSchemas } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import { taskDuplicate, uniqueOperations, uniqueTasks } from "./duplicates.ts";
import type { AddOperation } from "./handler.ts";
import { kind } from "./lane.ts";
import { callerLocation } from "./location.ts";
import { createOperation, type Method, type Operation, placeOperation } from "./operation.ts";
import type { AnyOperationOptions } from "./operation-options.ts";
import { checkOptionNames } from "./option-names.ts";
import {
  nowhere,
  placeOf,
  type RouterOptions,
  type RouterPlace,
  routerOptionNames,
  within,
} from "./router-place.ts";
import { createTask, type Task, type TaskOptions } from "./task.ts";

interface Included {
  readonly router: Router<Dependencies>;
  readonly place: RouterPlace;
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
export class Router<RD extends Dependencies = NoSchemas> {
  readonly #place: RouterPlace;
  readonly #operations: (Operation | Included)[] = [];
  readonly #tasks = new Map<string, Task>();

  /** Adds an operation that answers GET. */
  readonly get: AddOperation<RD> = this.#adder("GET");
  /** Adds an operation that answers HEAD. */
  readonly head: AddOperation<RD> = this.#adder("HEAD");
  /** Adds an operation that answers POST. */
  readonly post: AddOperation<RD> = this.#adder("POST");
  /** Adds an operation that answers PUT. */
  readonly put: AddOperation<RD> = this.#adder("PUT");
  /** Adds an operation that answers PATCH. */
  readonly patch: AddOperation<RD> = this.#adder("PATCH");
  /** Adds an operation that answers DELETE. */
  readonly delete: AddOperation<RD> = this.#adder("DELETE");
  /** Adds an operation that answers OPTIONS. */
  readonly options: AddOperation<RD> = this.#adder("OPTIONS");
  /** Adds an operation that answers TRACE. */
  readonly trace: AddOperation<RD> = this.#adder("TRACE");

  /**
   * Makes a router without operations.
   *
   * @param options - Prefix, tags, dependencies and documentation of everything in it.
   */
  constructor(options: RouterOptions<RD> = {}) {
    const at = callerLocation();
    // An app has more of them.
    if (new.target === Router) checkOptionNames("make a router", options, routerOptionNames, at);
    this.#place = placeOf(options, at);
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
   * @param options - A prefix, tags, dependencies and documentation put before the router's own.
   * @throws {OffloopError} `OFFLOOP_ROUTER_CYCLE` when it would include itself.
   */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the router needs, it needs nothing of this one
  include(router: Router<any>, options: RouterOptions = {}): void {
    const at = callerLocation();
    checkRouter(router, at);
    checkOptionNames("include a router", options, routerOptionNames, at);
    const place = placeOf(options, at);
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
    this.#operations.push({ router, place });
  }

  /**
   * All operations in it and in what it includes, in the order of their declaration, with their full paths.
   *
   * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two answer the same method and path.
   */
  declaredOperations(): Operation[] {
    return uniqueOperations(this.#collect(nowhere));
  }

  /**
   * All tasks in it and in what it includes.
   *
   * @throws {OffloopError} `OFFLOOP_TASK_DUPLICATE` when two have the same name.
   */
  declaredTasks(): Task[] {
    return uniqueTasks(this.#collectTasks());
  }

  #adder(method: Method): AddOperation<RD> {
    return (path: string, ...rest: unknown[]) => {
      const [options, handler] = rest.length > 1 ? rest : [{}, rest[0]];
      this.#operations.push(
        createOperation({
          method,
          path,
          options: (options ?? {}) as AnyOperationOptions,
          handler,
          location: callerLocation(),
        }),
      );
    };
  }

  *#collect(outer: RouterPlace): Generator<Operation> {
    const place = within(outer, this.#place);
    for (const entry of this.#operations) {
      if ("router" in entry) yield* entry.router.#collect(within(place, entry.place));
      else yield placeOperation(entry, place);
    }
  }

  *#collectTasks(): Generator<Task> {
    yield* this.#tasks.values();
    for (const entry of this.#operations) if ("router" in entry) yield* entry.router.#collectTasks();
  }

  #reaches(target: Router<Dependencies>): boolean {
    return this.#operations.some(
      (entry) => "router" in entry && (entry.router === target || entry.router.#reaches(target)),
    );
  }
}

brand(Router.prototype);

function checkRouter(given: unknown, at: SourceLocation): void {
  if (given instanceof Router) return;
  checkCopy(given, "include a router", at);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot include a router: expected a Router, got ${kind(given)}`,
    { at, fix: "make it with new Router()" },
  );
}
