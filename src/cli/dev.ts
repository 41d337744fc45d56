import inspector from "node:inspector";
import { resolveSettings } from "../app/settings.ts";
import { createLogger } from "../http/logger.ts";
import { ReloadedApp } from "./reloaded-app.ts";
import { checkedLevel, type Serving, settingsOf } from "./serving.ts";

/** Options of `offloop dev`. */
export interface DevOptions extends Serving {
  /** Where a debugger may attach; true for Node's own address. */
  readonly inspect?: string | true;
}

/** `offloop dev`: serves the app in a process of its own, which is replaced when one of the app's files changes. */
export async function dev(module: string, options: DevOptions): Promise<void> {
  const logLevel = checkedLevel(options.logLevel);
  // Mistakes of the command line are said here: no change of a file mends them.
  resolveSettings(settingsOf(options));
  // Started with --inspect of Node's, this process has taken the port at which the debugger looks for the app.
  if (inspector.url() !== undefined) inspector.close();
  const app = new ReloadedApp({ ...options, module, logLevel }, createLogger(logLevel, true));
  const onSignal = (signal: NodeJS.Signals): void => app.end(signal);
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  app.start();
}
