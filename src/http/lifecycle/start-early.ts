import type { App } from "../../app/app.ts";
import { servedDependents } from "../../app/parts.ts";
import { resolveSettings, type ServerSettings } from "../../app/settings/settings.ts";
import { EarlyWorker } from "../../threads/pool/worker.ts";

/** Starts the worker of an app's first thread, if any of its operations or tasks runs on threads. */
export function startEarly(app: App, settings: ServerSettings): EarlyWorker | undefined {
  if (!servedDependents(app).some(({ lane }) => lane === "thread")) return undefined;
  return new EarlyWorker(resolveSettings(app.settings, settings).threads.resourceLimits);
}
