import { brand, checkCopy } from "../errors/brand.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf } from "../errors/shown-value.ts";
import { type AroundFunction, createAround, type DeclaredAround } from "./around.ts";
import type { NoNames } from "./context.ts";
import { readArguments } from "./declared-arguments.ts";
import type { Dependencies } from "./dependency.ts";
import { taskDuplicate, uniqueOperations, uniqueTasks } from "./duplicates.ts";
import {
  createErrorHandler,
  type ErrorAnswer,
  type ErrorClass,
  type ErrorHandler,
} from "./error-handlers.ts";
import { explainForeign, ofApps } from "./foreign-methods.ts";
import type { AddOperation, AddRoute, OperationOptions } from "./handler.ts";
import type { AnyFunction } from "./lane.ts";
import type { Layer, LayeredPrefix } from "./layer.ts";
import { checkMethods, type Method } from "./method.ts";
import { createOperation, type Operation, operationWithin } from "./operation.ts";
import { checkOptionNames } from "./option-names.ts";
import {
  type Inherited,
  inheritedFrom,
  joinInherited,
  nothingInherited,
  type RouterOptions,
  routerOptionNames,
} from "./router-options.ts";
import { checkUnserved } from "./served.ts";
import { createSocketOperation, type SocketOperation, socketWithin } from "./sockets/socket-operation.ts";
import type { AddWebSocket, WebSocketOptions } from "./sockets/websocket.ts";
import { createWebSocketHandle } from "./sockets/websocket-handle.ts";
import type { AddTask, AnyTaskOptions, Task } from "./tasks/task.ts";
import { createTask } from "./tasks/task-declaration.ts";
import type { OperationHandle } from "./urls.ts";

let declarations = 0;

/** Grows with whatever is declared in any router: what was collected before may lack it. */
export function declarationCount(): number {
  return declarations;
}

/** Notes that something is declared that has operations. */
export function noteDeclaration(): void {
  declarations++;
}

interface Included {
  readonly router: Router<Dependencies>;
  readonly inherited: Inherited;
}

// biome-ignore lint/suspicious/noExplicitAny: AddOperation says which it is
type AnyHandle = OperationHandle<any, any>;

/** Where an operation answers, and where in the source it is declared. */
interface DeclaredRoute {
  readonly method: Method;
  readonly path: string;
  readonly at: SourceLocation;
}

/**
 * Operations and tasks that belong together, to be included in an app or in another router. FastAPI's `APIRouter`.
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
export class Router<RD extends Dependencies = NoNames, Prefix extends string = string> {
  readonly #inherited: Inherited;
  readonly #declared: (Operation | SocketOperation | Included)[] = [];
  readonly #tasks = new Map<string, Task>();
  readonly #arounds: DeclaredAround[] = [];
  readonly #errorHandlers: ErrorHandler[] = [];

  /** Adds an operation that answers GET. */
  readonly get: AddOperation<RD, Prefix> = this.#adder("GET");
  /** Adds an operation that answers HEAD. */
  readonly head: AddOperation<RD, Prefix> = this.#adder("HEAD");
  /** Adds an operation that answers POST. */
  readonly post: AddOperation<RD, Prefix> = this.#adder("POST");
  /** Adds an operation that answers PUT. */
  readonly put: AddOperation<RD, Prefix> = this.#adder("PUT");
  /** Adds an operation that answers PATCH. */
  readonly patch: AddOperation<RD, Prefix> = this.#adder("PATCH");
  /** Adds an operation that answers DELETE. */
  readonly delete: AddOperation<RD, Prefix> = this.#adder("DELETE");
  /** Adds an operation that answers OPTIONS. */
  readonly options: AddOperation<RD, Prefix> = this.#adder("OPTIONS");
  /** Adds an operation that answers TRACE. */
  readonly trace: AddOperation<RD, Prefix> = this.#adder("TRACE");

  /**
   * Adds an operation for each of several methods, all with the same handler: FastAPI's `api_route`.
   *
   * Throws what {@link AddOperation} throws, and `OFFLOOP_OPTION_INVALID` for a method that does not exist.
   */
  readonly route: AddRoute<RD, Prefix> = (methods: readonly Method[], path: string, ...rest: unknown[]) => {
    const at = callerLocation();
    checkMethods(methods, path, at);
    const [first] = [...new Set(methods)].map((method) => this.#add({ method, path, at }, rest));
    return first as AnyHandle; // the others have the same path and location
  };

  /**
   * Adds a websocket; FastAPI's `websocket`. It has either one handler for the whole socket, which is async, or
   * handlers for messages: `message` follows the rule, an async one on the loop, a plain one on a thread. What it
   * returns sends to the rooms of the websocket from anywhere on the loop.
   *
   * Throws `OFFLOOP_SOCKET_LANE` for a plain function that would receive the socket, `OFFLOOP_HANDLER_INVALID`,
   * `OFFLOOP_LANE_UNKNOWN`, `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_PATH_INVALID`,
   * `OFFLOOP_SCHEMA_INVALID`, `OFFLOOP_DEPENDENCY_INVALID`.
   *
   * @example
   * ```ts
   * import { App } from "offloop";
   *
   * const app = new App();
   * app.websocket("/echo", async ({ socket }) => {
   *   for await (const message of socket) await socket.send(message);
   * });
   * app.websocket("/primes", { message: ({ message }) => isPrime(Number(message)) }); // plain: a thread
   *
   * function isPrime(n: number): boolean {
   *   for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
   *   return n > 1;
   * }
   * ```
   */
  readonly websocket: AddWebSocket<RD, Prefix> = (path: string, ...rest: unknown[]) => {
    const at = callerLocation();
    const { options, fn } = readArguments(`add WEBSOCKET ${path}`, rest, at);
    const { prefix } = this.#inherited;
    const socket = createSocketOperation({ path, prefix }, options as WebSocketOptions, fn, at);
    this.#declare(socket, `add WEBSOCKET ${path}`, at);
    return createWebSocketHandle(socket);
  };

  /**
   * Makes a router without operations.
   *
   * @param options - Prefix, tags, dependencies and documentation of everything in it.
   * @throws {OffloopError} `OFFLOOP_PATH_INVALID` for a prefix, `OFFLOOP_DEPENDENCY_INVALID`, `OFFLOOP_OPTION_INVALID`,
   * `OFFLOOP_OPTION_UNKNOWN`.
   */
  constructor(options: RouterOptions<RD, Prefix> = {}) {
    const at = callerLocation();
    // An app has more options.
    if (new.target === Router) checkOptionNames("make a router", options, routerOptionNames, at);
    const layer: Layer = { arounds: this.#arounds, errorHandlers: this.#errorHandlers };
    this.#inherited = { ...inheritedFrom(options, at), layers: [layer] };
  }

  /**
   * Declares a task: a function with a name, by which a thread can find it.
   *
   * Its name must be unique in the app. An async function runs on the loop, a plain one on a thread, with its arguments
   * and result cloned. With `durable` you can enqueue it, with `deps` it receives its context first, and with `args`
   * the arguments of its jobs are checked.
   *
   * Throws `OFFLOOP_TASK_DUPLICATE`, `OFFLOOP_HANDLER_INVALID`, `OFFLOOP_LANE_UNKNOWN`, `OFFLOOP_OPTION_INVALID`,
   * `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_SCHEMA_INVALID`, `OFFLOOP_DEPENDENCY_INVALID`.
   */
  readonly task: AddTask = (name: string, ...rest: unknown[]) => {
    const at = callerLocation();
    const { options, fn } = readArguments(`declare task "${name}"`, rest, at);
    const task = createTask(name, options as AnyTaskOptions, fn as AnyFunction, at);
    const first = this.#tasks.get(name);
    if (first !== undefined) throw taskDuplicate(task, first);
    checkUnserved(this, `declare task "${name}"`, at);
    this.#tasks.set(name, task);
    return task;
  };

  /**
   * Includes the operations and tasks of another router, even those added to it later.
   *
   * @param router - The router to include.
   * @param options - A prefix, tags, dependencies and documentation that come before the router's own.
   * @throws {OffloopError} `OFFLOOP_ROUTER_CYCLE` when it would include itself, `OFFLOOP_OPTION_INVALID` when it is not a
   * router, `OFFLOOP_TWO_COPIES`; and for its options what `new Router()` throws.
   */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the router needs, it needs nothing of this one
  include(router: Router<any>, options: RouterOptions = {}): void {
    const at = callerLocation();
    checkRouter(router, at);
    checkOptionNames("include a router", options, routerOptionNames, at);
    const inherited = inheritedFrom(options, at);
    if (router.declaredRouters().includes(this as unknown as Router<Dependencies>)) {
      throw new OffloopError(
        "OFFLOOP_ROUTER_CYCLE",
        "Cannot include a router: it includes this one already",
        {
          at,
          fix: "include each router on one side only",
        },
      );
    }
    this.#declare({ router, inherited }, "include a router", at);
  }

  /**
   * Puts an async function around everything in it, on the loop, whichever lane an operation is on; Starlette's
   * `@app.middleware("http")`. The last one added is the outermost, and an app's arounds surround its routers and the
   * apps mounted in it. They also see replies that no operation gives: 404, 405, 413, 422, 503, 504.
   *
   * @param around - Calls `next` to have the request answered, and returns the reply, or another one.
   * @throws {OffloopError} `OFFLOOP_HANDLER_INVALID`; the request is answered with 500 after `OFFLOOP_AROUND_RESULT`.
   * @example
   * ```ts
   * import { App } from "offloop";
   *
   * const app = new App();
   * app.around(async ({ request }, next) => {
   *   const start = performance.now();
   *   const reply = await next();
   *   reply.headers.set("x-process-time", `${request.method} ${performance.now() - start} ms`);
   *   return reply;
   * });
   * ```
   */
  around(around: AroundFunction): void {
    const created = createAround(around);
    checkUnserved(this, "add an around", created.location);
    this.#arounds.push(created);
  }

  /**
   * Answers errors of a class, and of classes that extend it, wherever they are thrown inside it; FastAPI's
   * `exception_handler`. The nearest router that has a handler is used, and there the nearest class; an app's handlers
   * come last. A router with a prefix also answers 404 and 405 below it. `HTTPError` and `ValidationError` have answers
   * of their own, which a handler for `Error` leaves alone. An async function runs on the loop, a plain one on a
   * thread; in a plain operation both run in its thread.
   *
   * @param type - The class: `HTTPError`, `ValidationError`, `Error` for all others, or one of your own. If a
   * thrown value is not an error, the handler for `Error` gets an error with its text.
   * @param handler - Returns what a handler may return. The status is the error's, or 500, unless the handler sets
   * another.
   * @throws {OffloopError} `OFFLOOP_HANDLER_INVALID`, `OFFLOOP_LANE_UNKNOWN`.
   */
  onError<E>(type: ErrorClass<E>, handler: ErrorAnswer<E>): void {
    const created = createErrorHandler(type, handler);
    checkUnserved(this, `add the error handler of ${type.name}`, created.location);
    this.#errorHandlers.push(created);
  }

  /**
   * All operations in it and in what it includes, in the order of declaration, with their full paths.
   *
   * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two answer the same method and path.
   */
  declaredOperations(): Operation[] {
    return uniqueOperations(this.#collect(nothingInherited));
  }

  /**
   * All websockets in it and in what it includes, in the order of declaration, with their full paths.
   *
   * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two have the same path.
   */
  declaredSockets(): SocketOperation[] {
    const sockets = [...this.#collectSockets(nothingInherited)];
    uniqueOperations(sockets.map(({ connection }) => connection));
    return sockets;
  }

  /**
   * All tasks in it and in what it includes.
   *
   * @throws {OffloopError} `OFFLOOP_TASK_DUPLICATE` when two have the same name.
   */
  declaredTasks(): Task[] {
    return uniqueTasks(this.#collectTasks());
  }

  /** @internal The same, even where two have the same name, so that no app can be served. */
  everyTask(): Task[] {
    return [...this.#collectTasks()];
  }

  /**
   * What surrounds the paths under each prefix, its own first. A router that adds no prefix has only the paths of its
   * operations.
   */
  declaredPrefixes(): LayeredPrefix[] {
    const { prefix, layers } = this.#inherited;
    return [{ prefix, layers }, ...this.#collectPrefixes(this.#inherited)];
  }

  /** Itself, and each router in it, at any depth. */
  declaredRouters(): Router<Dependencies>[] {
    return [...new Set(this.#collectRouters())];
  }

  /** Its own layer, and the layer of each router in it, at any depth. */
  declaredLayers(): Layer[] {
    return this.declaredRouters().flatMap((router) => router.#inherited.layers);
  }

  #declare(entry: Operation | SocketOperation | Included, doing: string, at: SourceLocation): void {
    checkUnserved(this, doing, at);
    this.#declared.push(entry);
    noteDeclaration();
  }

  #adder(method: Method): AddOperation<RD, Prefix> {
    const keyword = method === "DELETE" ? "delete" : "";
    return (path: string, ...rest: unknown[]) =>
      this.#add({ method, path, at: callerLocation(keyword) }, rest);
  }

  #add({ method, path, at }: DeclaredRoute, rest: readonly unknown[]): AnyHandle {
    const { options, fn } = readArguments(`add ${method} ${path}`, rest, at);
    const { prefix } = this.#inherited;
    const operation = createOperation({ method, path, prefix }, options as OperationOptions, fn, at);
    this.#declare(operation, `add ${method} ${path}`, at);
    return { path, params: operation.inputs.params, location: at };
  }

  *#collect(outer: Inherited): Generator<Operation> {
    const inherited = joinInherited(outer, this.#inherited);
    for (const entry of this.#declared) {
      if ("router" in entry) yield* entry.router.#collect(joinInherited(inherited, entry.inherited));
      else if ("method" in entry) yield operationWithin(entry, inherited);
    }
  }

  *#collectSockets(outer: Inherited): Generator<SocketOperation> {
    const inherited = joinInherited(outer, this.#inherited);
    for (const entry of this.#declared) {
      if ("router" in entry) yield* entry.router.#collectSockets(joinInherited(inherited, entry.inherited));
      else if ("connection" in entry) yield socketWithin(entry, inherited);
    }
  }

  *#collectPrefixes(outer: Inherited): Generator<LayeredPrefix> {
    for (const entry of this.#declared) {
      if (!("router" in entry)) continue;
      const inherited = joinInherited(joinInherited(outer, entry.inherited), entry.router.#inherited);
      const { prefix, layers } = inherited;
      if (prefix !== outer.prefix) yield { prefix, layers };
      yield* entry.router.#collectPrefixes(inherited);
    }
  }

  *#collectRouters(): Generator<Router<Dependencies>> {
    yield this as unknown as Router<Dependencies>;
    for (const entry of this.#declared) if ("router" in entry) yield* entry.router.#collectRouters();
  }

  *#collectTasks(): Generator<Task> {
    for (const router of this.#collectRouters()) yield* router.#tasks.values();
  }
}

brand(Router.prototype);
explainForeign(Router.prototype, "app", ofApps);

function checkRouter(given: unknown, at: SourceLocation): void {
  if (given instanceof Router) return;
  checkCopy(given, "include a router", at);
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot include a router: expected a Router, got ${kindOf(given)}`,
    { at, fix: "make it with new Router()" },
  );
}
