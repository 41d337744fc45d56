import { workerData } from "node:worker_threads";
import type { App } from "./app.ts";

type Served = (app: App) => void;
let onServed: Served | undefined;

/** Whether this code runs in a thread of offloop's pool, where the app module only declares. */
export function inThread(): boolean {
  return (workerData as { offloop?: unknown } | null)?.offloop === "thread";
}

/**
 * Has `serve(app)` hand over the app it was called with instead of listening: in a thread, and while the command line
 * loads a module. Undefined ends that.
 */
export function whenServed(take: Served | undefined): void {
  onServed = take;
}

/** Hands over an app that is served. False when nobody takes it. */
export function handOver(app: App): boolean {
  onServed?.(app);
  return onServed !== undefined;
}
