import { Worker, type WorkerOptions } from "node:worker_threads";
import { OffloopError } from "./offloop-error.ts";

/**
 * Starts a thread. What the system refuses, where threads or memory are bounded, Node throws here and now, not as an
 * `error` event of the thread: a caller in a timer must catch it, or the process ends.
 *
 * @param what - The thread, as an error names it.
 * @throws {OffloopError} `OFFLOOP_THREAD_START`.
 */
export function startThread(what: string, entry: URL, options: WorkerOptions): Worker {
  try {
    return new Worker(entry, options);
  } catch (cause) {
    throw new OffloopError("OFFLOOP_THREAD_START", `Cannot start ${what}: ${(cause as Error).message}`, {
      fix: "allow the process more threads or memory (pids.max, ulimit -u), or lower threads.max or --workers",
      cause,
    });
  }
}
