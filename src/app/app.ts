import type { FastifyInstance } from "fastify"; // a type only: threads load this file, but no web server
import { checkCopy } from "../errors/brand.ts";
import { callerLocation, callerModule } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf } from "../errors/shown-value.ts";
import type { NoNames } from "./context.ts";
import {
  createOverride,
  type Dependencies,
  type Dependency,
  type DependencyDeclaration,
  type Replacement,
} from "./dependency.ts";
import { type AppDocumentation, appDocumentationNames } from "./documentation.ts";
import { checkDescribedPath } from "./documentation-mistakes.ts";
import { createFrontend, type Frontend, type FrontendOptions } from "./frontend.ts";
import { createLifespan, type Lifespan, type LifespanFunction, type LifespanOptions } from "./lifespan.ts";
import { checkMountPath, type Mount, mountCycle, mountOperation } from "./mount.ts";
import { checkOptionNames } from "./option-names.ts";
import { declarationCount, noteDeclaration, Router } from "./router.ts";
import { type RouterOptions, routerOptionNames } from "./router-options.ts";
import { checkUnserved } from "./served.ts";
import { checkSettingNames, type ServerSettings, settingNames } from "./settings/settings.ts";
import { mountSocket } from "./sockets/socket-operation.ts";
import { BoundJobs, type Jobs } from "./tasks/jobs.ts";
import { type UrlArgumentsOf, type UrlParams, Urls, type UrlTarget } from "./urls.ts";

/** Options of an app. */
export interface AppOptions<RD extends Dependencies = Dependencies, Prefix extends string = string>
  extends RouterOptions<RD, Prefix>,
    ServerSettings,
    AppDocumentation {
  /** Whether to refuse a body without a content type instead of reading it as JSON. Default true, as in FastAPI. */
  readonly strictContentType?: boolean | undefined;
}

const appOptionNames: Readonly<Record<keyof AppOptions, true>> = {
  ...routerOptionNames,
  ...settingNames,
  ...appDocumentationNames,
  strictContentType: true,
};

/**
 * An API: operations, tasks, and how they are served. The module that makes it must only declare and not listen on
 * import, since every thread imports it.
 *
 * @example
 * ```ts
 * import { scryptSync } from "node:crypto";
 * import { App } from "offloop";
 * import { z } from "zod";
 *
 * const app = new App({ title: "Shop" });
 * app.get("/", async () => ({ hello: "world" }));                            // async: the event loop
 * app.post("/hash", { body: z.object({ password: z.string() }) },
 *   ({ body }) => scryptSync(body.password, "salt", 64).toString("hex"));    // plain: a thread
 *
 * export default app;
 * ```
 */
export class App<RD extends Dependencies = NoNames, Prefix extends string = string> extends Router<
  RD,
  Prefix
> {
  /** The API's name. */
  readonly title: string;
  /** The API's own version. */
  readonly version: string;
  /** Settings for serving the app, as far as it sets them. */
  readonly settings: ServerSettings;
  /** How it describes itself in the OpenAPI document. */
  readonly documentation: AppDocumentation;
  /** @internal */
  readonly operationSettings: { readonly strictContentType: boolean };
  /** @internal */
  readonly overrides: Map<DependencyDeclaration, Replacement> = new Map();
  /** Where it was made: the module that threads import when nothing else names one. */
  readonly location: SourceLocation;
  /** URL of the module that made it, which threads load. */
  readonly module: string;
  /** The jobs of its durable tasks. */
  readonly jobs: Jobs = new BoundJobs();
  readonly #lifespans: Lifespan[] = [];
  readonly #plugins: RegisteredPlugin[] = [];
  readonly #mounts: Mount<App>[] = [];
  readonly #frontends: Frontend[] = [];
  /** As they were when that much was declared: handlers ask for URLs again and again. */
  #urls: { readonly urls: Urls; readonly declared: number } | undefined;

  /**
   * Makes an app without operations.
   *
   * @param options - Name, version and further documentation, prefix, tags, dependencies, and settings for serving it.
   * @throws {OffloopError} `OFFLOOP_PATH_INVALID` for a prefix, `OFFLOOP_DEPENDENCY_INVALID`, `OFFLOOP_OPTION_INVALID`,
   * `OFFLOOP_OPTION_UNKNOWN`. A setting outside its range is refused when the app is served.
   */
  constructor(options: AppOptions<RD, Prefix> = {}) {
    super(options);
    this.title = options.title ?? "offloop";
    this.version = options.version ?? "0.1.0";
    this.settings = options;
    this.documentation = options;
    this.operationSettings = { strictContentType: options.strictContentType ?? true };
    this.location = callerLocation();
    checkOptionNames("make an app", options, appOptionNames, this.location);
    checkSettingNames(options, this.location);
    for (const [name, path] of Object.entries(options.webhooks ?? {}))
      checkDescribedPath(`the webhook ${name}`, path, this.location);
    this.module = callerModule();
    made.push(this as unknown as App);
  }

  /**
   * Replaces a dependency with another, or with a value. For a module that tests load in place of the app's own.
   *
   * @param dependency - The dependency to replace.
   * @param by - The replacement, or the value. A value must be structured-cloneable for operations that run on threads.
   * @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is not a dependency.
   */
  override<Value>(dependency: Dependency<Value>, by: Dependency<Value> | Value): void {
    const [replaced, replacement, at] = createOverride(dependency, by);
    checkUnserved(this, "override a dependency", at);
    this.overrides.set(replaced, replacement);
  }

  /**
   * Opens something before the first request and closes it after the last. Lifespans open in order and close in
   * reverse, like FastAPI's `lifespan`.
   *
   * @param open - A generator function: opens, yields once, closes.
   * @throws {OffloopError} `OFFLOOP_HANDLER_INVALID`; and `OFFLOOP_LIFESPAN_FAILED` when the app is served.
   */
  lifespan(open: LifespanFunction): void;
  lifespan(options: LifespanOptions, open: LifespanFunction): void;
  lifespan(...args: readonly unknown[]): void {
    const created = createLifespan(args);
    checkUnserved(this, "add a lifespan", created.location);
    this.#lifespans.push(created);
  }

  /**
   * Registers a Fastify plugin: CORS, compression, rate limits, or one of your own. Its hooks see every request before
   * offloop does, on the loop.
   *
   * It applies to the whole app and to the apps mounted in it, as with `fastify-plugin`. With a `prefix` among its
   * options it applies only to its own routes: Fastify's encapsulation.
   *
   * @param plugin - The export of a `@fastify/*` package, or a function that receives the Fastify instance.
   * @param options - The plugin's own options.
   * @example
   * ```ts
   * import { App } from "offloop";
   *
   * const app = new App();
   * app.register(async (fastify) => {
   *   fastify.addHook("onRequest", async (request) => request.log.debug("has come"));
   * });
   * ```
   */
  register<Options extends object>(plugin: FastifyPlugin<Options>, options?: PluginOptions<Options>): void {
    const location = callerLocation();
    checkUnserved(this, "register a plugin", location);
    this.#plugins.push({ plugin, options, location });
  }

  /**
   * Lets another app answer everything under a path, with its own dependencies, error handlers, OpenAPI document and
   * pages, here under `/admin/docs`. FastAPI's `mount`.
   *
   * Of this app only its plugins reach the other, whose own plugins do not reach this one. The settings for serving
   * both, including `rootPath`, are this app's. The lifespans of both open, the tasks of both can be called, and an
   * override of a dependency in one applies in both.
   *
   * @param path - Where to mount it: `/admin`, without parameters.
   * @param app - The other app. Apps may be mounted in it, and it may still be served alone.
   * @throws {OffloopError} `OFFLOOP_PATH_INVALID`, `OFFLOOP_OPTION_INVALID` when it is not an app,
   * `OFFLOOP_ROUTER_CYCLE` when it would mount itself; and `OFFLOOP_ROUTE_DUPLICATE` when it is served with two at one
   * path.
   * @example
   * ```ts
   * import { App } from "offloop";
   *
   * const admin = new App({ title: "Admin" });
   * admin.get("/users", async () => ["ada"]);
   *
   * const app = new App({ title: "Shop" });
   * app.mount("/admin", admin); // answers GET /admin/users
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: what its operations receive does not matter here
  mount(path: string, app: App<any>): void {
    const location = callerLocation();
    checkMountPath("mount an app", path, location);
    checkApp(app, "mount an app", location, "include() a router, register() a Fastify plugin");
    if (app.#reachesByMount(this as unknown as App)) throw mountCycle(location);
    checkUnserved(this, "mount an app", location);
    this.#mounts.push({ path, app, location });
    noteDeclaration();
  }

  /**
   * Serves a built front end, such as Vite's `dist`, where no operation answers: its files, and its `index.html` for
   * paths that the page itself handles. FastAPI's `frontend`.
   *
   * Clients may cache files with a hash in their name for a year, and revalidate the others. A `.br` or `.gz` next to a
   * file is sent in its place to clients that accept it. Names that begin with a dot, and links that lead out of the
   * folder, are not found.
   *
   * @param path - The start of its paths: `"/"`, or a path without parameters.
   * @param folder - The built files: a path relative to the working directory, or a URL.
   * @param options - The page for paths without a file.
   * @throws {OffloopError} `OFFLOOP_PATH_INVALID`, `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`; and
   * `OFFLOOP_FRONTEND_FOLDER` when the app is served and the folder does not exist; under `offloop dev`, and
   * in the test client, this is a warning.
   * @example
   * ```ts no-check
   * app.frontend("/", new URL("../dist", import.meta.url));
   * ```
   */
  frontend(path: string, folder: string | URL, options: FrontendOptions = {}): void {
    const created = createFrontend(path, folder, options);
    checkUnserved(this, "add a front end", created.location);
    this.#frontends.push(created);
  }

  /** Front ends, for paths that no operation answers, with the longest path first. */
  declaredFrontends(): readonly Frontend[] {
    return this.#frontends.toSorted((a, b) => b.path.length - a.path.length);
  }

  /** The apps mounted in it, in the order of declaration. */
  declaredMounts(): readonly Mount<App>[] {
    return this.#mounts;
  }

  #reachesByMount(target: App): boolean {
    return (this as unknown as App) === target || this.#mounts.some(({ app }) => app.#reachesByMount(target));
  }

  /**
   * Returns the path of an operation relative to this app: Starlette's `url_path_for`. `request.urlFor` gives the full
   * URL, with the root path and what a proxy says.
   *
   * @param operation - What `app.get`, `app.websocket` and the others returned; or its `operationId`, or the name of its handler, which
   * are checked at run time only. The app's own operations take precedence over those of mounted apps.
   * @param params - A value for each parameter in its path; an optional one, `/pages/:page?`, may be left out.
   * @throws {OffloopError} `OFFLOOP_URL_UNKNOWN`.
   * @example
   * ```ts
   * import { App } from "offloop";
   *
   * const app = new App();
   * const readItem = app.get("/items/:item_id", { operationId: "read_item" }, async ({ params }) => params.item_id);
   *
   * console.log(app.urlFor(readItem, { item_id: 7 })); // /items/7
   * console.log(app.urlFor("read_item", { item_id: 7 })); // the same
   * ```
   */
  urlFor<Target extends UrlTarget>(operation: Target, ...params: UrlArgumentsOf<Target>): string;
  urlFor(operation: UrlTarget, params: UrlParams = {}): string {
    const declared = declarationCount();
    if (this.#urls?.declared !== declared) this.#urls = { urls: this.#collectUrls(), declared };
    return this.#urls.urls.pathOf(operation, params, "");
  }

  #collectUrls(): Urls {
    const parts = [...this.#reached("")];
    const operations = parts.flatMap(([part, at]) =>
      part.declaredOperations().map((one) => mountOperation(one, at, [])),
    );
    const sockets = parts.flatMap(([part, at]) =>
      part.declaredSockets().map((one) => mountSocket(one, at, []).connection),
    );
    return new Urls({ operations, sockets });
  }

  *#reached(mountedAt: string): Generator<readonly [App, mountedAt: string]> {
    yield [this as unknown as App, mountedAt];
    for (const { path, app } of this.#mounts) yield* app.#reached(mountedAt + path);
  }

  /** The plugins, in the order of registration. */
  declaredPlugins(): readonly RegisteredPlugin[] {
    return this.#plugins;
  }

  /** The lifespans of the main thread, or of each thread, in the order of declaration. */
  declaredLifespans(where: "main" | "thread"): Lifespan[] {
    return this.#lifespans.filter(({ perThread }) => perThread === (where === "thread"));
  }
}

/**
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless it is an app, `OFFLOOP_TWO_COPIES` when it belongs to another
 * copy.
 */
export function checkApp(
  given: unknown,
  doing: string,
  at: SourceLocation,
  fix = "pass an App made with new App()",
): asserts given is App {
  if (given instanceof App) return;
  checkCopy(given, doing, at);
  throw new OffloopError("OFFLOOP_OPTION_INVALID", `Cannot ${doing}: expected an App, got ${kindOf(given)}`, {
    at,
    fix,
  });
}

const made: App[] = [];

/** Every app made in this thread so far, in order. */
export function appsMade(): readonly App[] {
  return made;
}

/** A Fastify plugin, with a callback or a promise. It receives Fastify's own instance. */
export type FastifyPlugin<Options> = (
  instance: FastifyInstance,
  options: Options,
  done: (error?: Error) => void,
) => unknown;

/** A plugin's own options, and where Fastify puts its routes. */
type PluginOptions<Options> = Options & PluginPlace;

/** Where a plugin applies. */
interface PluginPlace {
  /**
   * Prefix of its routes. With a prefix, the plugin applies only to them. Default: none, and it
   * applies to the whole app.
   */
  readonly prefix?: string;
}

/** A plugin and its options. */
export interface RegisteredPlugin {
  readonly plugin: FastifyPlugin<never>;
  readonly options: PluginOptions<object> | undefined;
  readonly location: SourceLocation;
}
