import { type App, checkApp } from "../app/app.ts";
import { handOver, inThread, targetOf } from "../app/load/load.ts";
import { checkOptionNames } from "../app/option-names.ts";
import { checkSettingNames } from "../app/settings/settings.ts";
import { callerLocation } from "../errors/location.ts";
import { startEarly } from "./lifecycle/start-early.ts";
import { type ServeOptions, type Server, serveOptionNames } from "./serve-options.ts";

/**
 * Serves an app over HTTP. In a thread of the pool, which loads the same module once more, it does nothing and never
 * returns: code after `await serve(app)` runs on the main thread only.
 *
 * @param app - The app.
 * @param options - Where to listen, and how.
 * @returns The listening server.
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`, `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`,
 * `OFFLOOP_TWO_COPIES`, `OFFLOOP_THREAD_START`, `OFFLOOP_THREAD_APP_DIFFERS`, `OFFLOOP_LIFESPAN_FAILED`,
 * `OFFLOOP_FRONTEND_FOLDER`, `OFFLOOP_NOT_FOUND_HANDLER`; for durable tasks a code that begins with `OFFLOOP_JOBS_`; and for what
 * shows only once all is declared: `OFFLOOP_ROUTE_DUPLICATE`, `OFFLOOP_TASK_DUPLICATE`, `OFFLOOP_PATH_INVALID`,
 * `OFFLOOP_PARAM_INVALID`, `OFFLOOP_BODY_NOT_ALLOWED`, `OFFLOOP_FORM_AND_BODY`, `OFFLOOP_BODY_STREAM`,
 * `OFFLOOP_SESSION_UNSET`, `OFFLOOP_DEPENDENCY_CYCLE`, `OFFLOOP_DEPENDENCY_LANE`, `OFFLOOP_DEPENDENCY_SCOPE`,
 * `OFFLOOP_DEPENDENCY_SHARED`.
 * @throws What a plugin throws.
 * @example
 * ```ts
 * import { App, serve } from "offloop";
 *
 * const app = new App();
 * app.get("/", async () => ({ hello: "world" }));
 *
 * const server = await serve(app, { port: 8000 });
 * console.log(server.url);
 * ```
 */
// biome-ignore lint/suspicious/noExplicitAny: what its operations receive does not matter here
export async function serve(app: App<any>, options: ServeOptions = {}): Promise<Server> {
  if (handOver(app) || inThread()) return new Promise(() => {});
  const at = callerLocation();
  checkApp(app, "serve an app", at);
  checkOptionNames("serve an app", options, serveOptionNames, at);
  checkSettingNames(options, at);
  const target = targetOf(options.module, at);
  const early = startEarly(app, options);
  // A thread loads this module too, with the rest of the package, and must not load a web server.
  const { listen } = await import("./lifecycle/listen.ts");
  return listen(app, options, target, early);
}
