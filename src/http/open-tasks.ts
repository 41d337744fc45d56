import type { App } from "../app/app.ts";
import { handOver, inThread } from "../app/load.ts";
import { callerLocation } from "../app/location.ts";
import { checkOptionNames } from "../app/option-names.ts";

/** Options of {@link openTasks}. */
export interface OpenTasksOptions {
  /**
   * URL of the module that threads load: it declares the app, and does nothing else. Default: the module that made it.
   */
  readonly module?: string;
}

/** The tasks of an app that can be called without a server. */
export interface OpenedTasks extends AsyncDisposable {
  /** Ends the threads. What still runs there is ended. */
  close(): Promise<void>;
}

/**
 * Lets the tasks of an app be called without a server: in a script, or in a unit test of a function that calls one. The
 * first plain task that is called starts a thread, which opens the app's lifespans of each thread; those of the main
 * thread, and dependencies, are for what is served. In a thread, where the same module is loaded once more, it does
 * nothing and never returns, like `serve`.
 *
 * @param app - The app, or what its routers are included in.
 * @param options - Where threads find it.
 * @returns What closes the threads again, also by `await using`.
 * @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_TASK_DUPLICATE`; a task that is called throws
 * `OFFLOOP_THREAD_START` or `OFFLOOP_THREAD_APP_DIFFERS` when its thread cannot load the app.
 * @example
 * ```ts
 * import { scryptSync } from "node:crypto";
 * import { App, openTasks } from "offloop";
 *
 * const app = new App();
 * const hash = app.task("hash", (password: string) => scryptSync(password, "salt", 64).toString("hex"));
 *
 * await using tasks = await openTasks(app);
 * console.log(await hash("secret"));
 * ```
 */
export async function openTasks(app: App, options: OpenTasksOptions = {}): Promise<OpenedTasks> {
  if (handOver(app) || inThread()) return new Promise(() => {});
  checkOptionNames("open the tasks of an app", options, { module: true }, callerLocation());
  // A thread loads this module too, with the rest of the package, and must not load a logger.
  const { openTaskThreads } = await import("./task-threads.ts");
  return openTaskThreads(app, options.module);
}
