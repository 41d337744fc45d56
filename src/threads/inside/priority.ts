import { getPriority, setPriority } from "node:os";
import type { ThreadPriority } from "../../app/settings/thread-settings.ts";
import { kernelThreadId } from "../crossing/kernel-thread.ts";

/** The nice value of a thread that is to be idle, until it has loaded the app: with idle's share, that might never end. */
const LOADING_NICENESS = 10;

/**
 * Gives the calling thread a priority of its own, so that the kernel prefers the event loop. Linux keeps one per
 * thread; elsewhere it applies to the whole process, which is left alone. Only root can undo it.
 *
 * @param priority - A nice value of 1-19, or `"idle"`, which {@link becomeIdle} completes; 0 changes nothing. A process
 * with a higher nice value keeps it.
 */
export function standBack(priority: ThreadPriority): void {
  const id = priority === 0 ? undefined : kernelThreadId();
  if (id !== undefined) yieldBy(priority === "idle" ? LOADING_NICENESS : priority, id);
}

/**
 * Has the calling thread run only when nothing else wants the core: `SCHED_IDLE`, or the nice value 19 where that is
 * refused. Returns why it was.
 */
export function becomeIdle(): string | undefined {
  const id = kernelThreadId();
  if (id === undefined) return undefined;
  const refusal = makeIdle(id); // first: at 19, chrt would wait for everything else that computes
  yieldBy(19, id);
  return refusal;
}

function yieldBy(niceness: number, id: number): void {
  try {
    if (getPriority(id) < niceness) setPriority(id, niceness);
  } catch {
    // A sandbox that forbids this only costs the loop its precedence.
  }
}

/** A `chrt` that takes longer waits for something: the thread does without. */
const CHRT_MS = 2_000;

/** Node has no call for it; Linux systems have a program. Returns why it did not work. */
function makeIdle(id: number): string | undefined {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { error, status, stderr } = spawnSync("chrt", ["-i", "-p", "0", String(id)], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: CHRT_MS,
    killSignal: "SIGKILL",
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT")
    return "the program chrt is not on the PATH";
  if (error !== undefined) return `chrt could not be run: ${error.message}`;
  return status === 0
    ? undefined
    : `chrt failed: ${stderr.trim().split("\n")[0] || `it ended with ${status}`}`;
}
