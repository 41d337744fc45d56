import { type App, checkApp } from "../app/app.ts";
import { handOver, inThread, targetOf } from "../app/load/load.ts";
import { checkOptionNames } from "../app/option-names.ts";
import { callerLocation } from "../errors/location.ts";

/** Options of {@link openTasks}. */
export interface OpenTasksOptions {
  /**
   * URL of the module that threads load. It declares the app, and does nothing else. Default: the
   * module that made the app.
   */
  readonly module?: string;
}

/** An app's tasks, which you can call without a server. */
export interface OpenedTasks extends AsyncDisposable {
  /** Ends the threads, and with them whatever still runs there. */
  close(): Promise<void>;
}

/**
 * Lets you call an app's tasks without a server: in a script, or in a unit test of a function that calls one. The first
 * plain task you call starts a thread, which opens the lifespans that the app declares for each thread; lifespans of
 * the main thread, and dependencies, are only for serving. In a thread, which loads the same module once more, it does
 * nothing and never returns, like `serve`.
 *
 * @param app - The app, or what its routers are included in.
 * @param options - Where threads find it.
 * @returns An object that closes the threads again, also through `await using`.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_TASK_DUPLICATE`; a task you call throws
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
// biome-ignore lint/suspicious/noExplicitAny: what its operations receive does not matter here
export async function openTasks(app: App<any>, options: OpenTasksOptions = {}): Promise<OpenedTasks> {
  if (handOver(app) || inThread()) return new Promise(() => {});
  const at = callerLocation();
  checkApp(app, "open the tasks of an app", at);
  checkOptionNames("open the tasks of an app", options, { module: true }, at);
  const target = targetOf(options.module, at);
  // A thread loads this module too, with the rest of the package, and must not load a logger.
  const { openTaskThreads } = await import("./task-threads.ts");
  return openTaskThreads(app, target);
}
