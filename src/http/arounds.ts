import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import { hasPlugins, servedTasks } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import type { Around } from "../lanes/around.ts";
import { knowCallers, runsOnLoop, taskCallerOf } from "../lanes/caller.ts";
import { traceRuns } from "../tracing/around.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { markRuns } from "../watch/around.ts";
import { canWatch } from "../watch/watch.ts";
import { logFailures, type RequestAddresses } from "./failures.ts";
import { LoggedUrls } from "./logs/logged-url.ts";
import { showFailures } from "./pages/debug-page.ts";

/** What is to surround an app's runs. */
export interface WantedArounds {
  readonly settings: Pick<ResolvedSettings, "watch" | "rootPath" | "log">;
  readonly log: Logger;
  /** Undefined when nothing collects spans. */
  readonly tracing: Tracing | undefined;
  /** Whether to show browsers the errors of operations. */
  readonly debug: boolean;
  /** Where to view a request; undefined without an inspector. */
  readonly inspector?: RequestAddresses | undefined;
}

/** Lists what surrounds an app's runs; the last is the outermost. */
export function listArounds(app: App, { settings, log, tracing, debug, inspector }: WantedArounds): Around[] {
  const arounds = [logFailures(log, new LoggedUrls(settings, app), inspector)];
  if (settings.watch !== undefined && canWatch())
    arounds.push(markRuns(!hasPlugins(app), { runsOnLoop, taskCallerOf }));
  else if (servedTasks(app).length > 0) arounds.push(knowCallers());
  if (tracing !== undefined) arounds.push(traceRuns(tracing));
  if (debug) arounds.push(showFailures(app, settings, inspector));
  return arounds;
}
