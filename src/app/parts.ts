import { formatLocation, OffloopError } from "../errors/offloop-error.ts";
import { type App, appsMade } from "./app.ts";
import type { DeclaredAround } from "./around.ts";
import type { DependencyDeclaration, Replacement } from "./dependency.ts";
import { uniqueOperations, uniqueTasks } from "./duplicates.ts";
import type { ErrorHandler } from "./error-handlers.ts";
import type { Frontend } from "./frontend.ts";
import { isUnder, type Layer, type Layered, type LayeredPrefix, layersAt } from "./layer.ts";
import type { Lifespan } from "./lifespan.ts";
import { type Mount, mountOperation } from "./mount.ts";
import type { Operation } from "./operation.ts";
import { mountSocket, type SocketOperation } from "./sockets/socket-operation.ts";
import type { Task } from "./tasks/task.ts";
import { type TaskDeclaration, taskDeclaration, tasksMade } from "./tasks/task-declaration.ts";
import type { ServedPaths } from "./urls.ts";

/** One of the apps that are served together: the served app itself, or one mounted in it. */
export interface AppPart {
  /** The prefix of its paths; empty for the served app itself. */
  readonly mountedAt: string;
  readonly app: App;
  /** Its operations, as served. */
  readonly operations: readonly Operation[];
  /** Its websockets, as served. */
  readonly sockets: readonly SocketOperation[];
  /** The apps mounted in it. */
  readonly mounted: readonly AppPart[];
  /** What surrounds a path that none of its operations answers, by prefix; its own is the first. */
  readonly prefixes: readonly LayeredPrefix[];
  /** What surrounds it as a whole: the layers of the apps it is mounted in. */
  readonly outerLayers: readonly Layer[];
}

/**
 * A served app with everything mounted in it, at any depth.
 *
 * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two apps are mounted at one path.
 */
export function partOf(app: App): AppPart {
  const taken = new Map<string, Mount<App>>();
  const within = (part: App, mountedAt: string, outerLayers: readonly Layer[]): AppPart => {
    const [own, ...routers] = part.declaredPrefixes() as [LayeredPrefix, ...LayeredPrefix[]];
    return {
      mountedAt,
      app: part,
      operations: part
        .declaredOperations()
        .map((operation) => mountOperation(operation, mountedAt, outerLayers)),
      sockets: part.declaredSockets().map((socket) => mountSocket(socket, mountedAt, outerLayers)),
      mounted: part.declaredMounts().map((mount) => {
        const path = mountedAt + mount.path;
        const first = taken.get(path);
        if (first !== undefined) throw mountDuplicate(path, mount, first);
        taken.set(path, mount);
        return within(mount.app, path, [...outerLayers, ...own.layers]);
      }),
      prefixes: [
        { ...own, prefix: "" }, // an app answers every path, whatever its operations begin with
        ...routers.map(({ prefix, layers }) => ({ prefix: mountedAt + prefix, layers })),
      ],
      outerLayers,
    };
  };
  return within(app, "", []);
}

/** What surrounds a path that no operation answers. */
export function layeredAt(
  part: Pick<AppPart, "mounted" | "prefixes" | "outerLayers">,
  path: string,
): Layered {
  // Of apps whose paths begin alike the nearest answers, in whatever order they were mounted.
  const [inner] = part.mounted
    .filter(({ mountedAt }) => isUnder(path, mountedAt))
    .sort((a, b) => b.mountedAt.length - a.mountedAt.length);
  if (inner !== undefined) return layeredAt(inner, path);
  return { layers: layersAt(path, part.prefixes), outerLayers: part.outerLayers };
}

/** The served app and everything mounted in it, outer apps first, in the order of declaration. */
export function partsOf(app: App): AppPart[] {
  return flattened(partOf(app));
}

/**
 * Every served operation, with its full path.
 *
 * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two answer the same method and path.
 */
export function servedOperations(app: App): Operation[] {
  return uniqueOperations(partsOf(app).flatMap(({ operations }) => operations));
}

/**
 * Every served websocket, with its full path.
 *
 * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two have the same path.
 */
export function servedSockets(app: App): SocketOperation[] {
  const sockets = partsOf(app).flatMap((part) => part.sockets);
  uniqueOperations(sockets.map(({ connection }) => connection));
  return sockets;
}

/** Everything served that has a path of its own. */
export function servedPaths(app: App): ServedPaths {
  const sockets = servedSockets(app).map(({ connection }) => connection);
  return { operations: servedOperations(app), sockets };
}

/**
 * Every task that can be called.
 *
 * @throws {OffloopError} `OFFLOOP_TASK_DUPLICATE` when two have the same name.
 */
export function servedTasks(app: App): Task[] {
  return uniqueTasks(appsOf(app).flatMap((one) => one.declaredTasks()));
}

/** Every task as it was declared. */
export function servedTaskDeclarations(app: App): TaskDeclaration[] {
  return servedTasks(app).flatMap((task) => taskDeclaration(task) ?? []);
}

/** Whether any of the tasks is durable. */
export function hasJobs(app: App): boolean {
  return servedTaskDeclarations(app).some(({ durable }) => durable !== undefined);
}

/** An operation or a task, as something that may have dependencies. */
export type ServedDependent = Pick<Operation, "id" | "deps" | "lane" | "location">;

/** Everything that may have dependencies, in the same order wherever the same app is loaded. */
export function servedDependents(app: App): ServedDependent[] {
  const tasks = servedTaskDeclarations(app).map(({ name, deps = [], lane, location }) => ({
    id: `task ${name}`,
    deps,
    lane,
    location,
  }));
  const sockets = servedSockets(app).flatMap(({ connection, message }) => [connection, message ?? []].flat());
  return [...servedOperations(app), ...tasks, ...sockets];
}

/** Tasks that no app can run, since none includes the router that declares them. */
export function strayTasks(): Task[] {
  const declared = new Set(appsMade().flatMap((app) => app.everyTask()));
  return tasksMade().filter((task) => taskDeclaration(task)?.lane === "thread" && !declared.has(task));
}

/** Every error handler, whichever app's errors it answers. */
export function servedErrorHandlers(app: App): ErrorHandler[] {
  return appsOf(app).flatMap((one) => one.declaredLayers().flatMap(({ errorHandlers }) => errorHandlers));
}

/** Every around, whichever part of the app it surrounds. */
export function servedArounds(app: App): DeclaredAround[] {
  return appsOf(app).flatMap((one) => one.declaredLayers().flatMap(({ arounds }) => arounds));
}

/** The lifespans of the main thread, or of each thread: those of the served app first. */
export function servedLifespans(app: App, where: "main" | "thread"): Lifespan[] {
  return appsOf(app).flatMap((one) => one.declaredLifespans(where));
}

/** The replacements of dependencies; where several apps replace the same one, the outermost wins. */
export function servedOverrides(app: App): Map<DependencyDeclaration, Replacement> {
  return new Map(
    appsOf(app)
      .toReversed()
      .flatMap((one) => [...one.overrides]),
  );
}

/** Every served front end. */
export function servedFrontends(app: App): Frontend[] {
  return appsOf(app).flatMap((one) => one.declaredFrontends());
}

/** Whether any of the apps registers a plugin. */
export function hasPlugins(app: App): boolean {
  return appsOf(app).some((one) => one.declaredPlugins().length > 0);
}

/** Every router whose declarations are served, and every app. */
export function servedRouters(app: App): object[] {
  return appsOf(app).flatMap((one) => one.declaredRouters());
}

/** Whether an app declares nothing that answers a request or runs. */
export function isEmpty(app: App): boolean {
  const isBare = (one: App): boolean =>
    one.declaredPlugins().length === 0 &&
    one.declaredFrontends().length === 0 &&
    one.declaredTasks().length === 0;
  return appsOf(app).every(isBare) && servedOperations(app).length === 0 && servedSockets(app).length === 0;
}

/** Each app once, however often it is mounted. */
function appsOf(app: App): App[] {
  return [...new Set(partsOf(app).map((part) => part.app))];
}

function flattened(part: AppPart): AppPart[] {
  return [part, ...part.mounted.flatMap(flattened)];
}

function mountDuplicate(path: string, { location }: Mount<App>, first: Mount<App>): OffloopError {
  return new OffloopError(
    "OFFLOOP_ROUTE_DUPLICATE",
    `Cannot mount an app at ${path}: another is there already`,
    {
      at: location,
      note: `first: ${formatLocation(first.location)}`,
      fix: "move one of the two to another path",
    },
  );
}
