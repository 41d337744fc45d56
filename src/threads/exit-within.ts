import type { Worker } from "node:worker_threads";

/** Resolves when the worker has ended, or the time is over. */
export function exitWithin(worker: Worker, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
