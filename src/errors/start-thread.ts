import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
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
  checkEntry(what, entry);
  try {
    return new Worker(entry, options);
  } catch (cause) {
    throw new OffloopError("OFFLOOP_THREAD_START", `Cannot start ${what}: ${(cause as Error).message}`, {
      fix:
        (cause as NodeJS.ErrnoException).code === "ERR_ACCESS_DENIED"
          ? "start Node with --allow-worker beside --permission"
          : "allow the process more threads or memory (pids.max, ulimit -u), or lower threads.max or --workers",
      cause,
    });
  }
}

/**
 * A bundler that inlines offloop leaves these files behind.
 *
 * @throws {OffloopError} `OFFLOOP_THREAD_START`.
 */
export function checkEntry(what: string, entry: URL): void {
  if (entry.protocol !== "file:" || existsSync(entry)) return;
  throw new OffloopError(
    "OFFLOOP_THREAD_START",
    `Cannot start ${what}: offloop's own file ${fileURLToPath(entry)} does not exist`,
    { fix: "keep offloop out of bundles, as --packages=external does, and install it where the app runs" },
  );
}
