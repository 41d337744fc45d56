import type { App } from "../app/app.ts";
import type { AppTarget } from "../app/load/load.ts";
import { resolveSettings } from "../app/settings/settings.ts";
import { TaskThreads } from "../lanes/task-threads.ts";
import { createLogger } from "./logs/logger.ts";

/** Opens the threads of an app's tasks where there is no server. Failures there are written to stderr. */
export function openTaskThreads(
  app: App,
  target: AppTarget | undefined,
): AsyncDisposable & { close(): Promise<void> } {
  const log = createLogger("warn", undefined, process.stderr);
  const settings = resolveSettings(app.settings);
  const threads = new TaskThreads(app, { settings, target, log, arounds: [], ownsOutput: false });
  const close = (): Promise<void> => threads.close();
  return { close, [Symbol.asyncDispose]: close };
}
