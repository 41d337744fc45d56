import { workerData } from "node:worker_threads";
import type { App } from "./app.ts";

type Served = (app: App) => void;
let onServed: Served | undefined;

/** Whether this code runs in a thread of offloop's pool, where the app module only declares. */
export function inThread(): boolean {
  return (workerData as { offloop?: unknown } | null)?.offloop === "thread";
}

/** In a thread: has `serve(app)` hand over the app it was called with. */
export function whenServed(take: Served): void {
  onServed = take;
}

/** In a thread: what `serve(app)` does instead of listening. */
export function handOver(app: App): void {
  onServed?.(app);
}
