import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import type { ThreadPriority } from "../../app/settings.ts";

/**
 * Gives the calling thread a priority of its own, so that the kernel prefers the event loop. Linux keeps one per
 * thread; elsewhere it applies to the whole process, which is left alone. Only root can undo it.
 *
 * @param priority - A nice value of 1-19, or `"idle"`, which is 19 where `chrt` is missing or refused; 0 changes
 * nothing. A process with a higher nice value keeps it.
 */
export function standBack(priority: ThreadPriority): void {
  const id = priority === 0 ? undefined : findThreadId();
  if (id === undefined) return;
  try {
    const niceness = priority === "idle" ? 19 : priority;
    if (getPriority(id) < niceness) setPriority(id, niceness);
    if (priority === "idle") becomeIdle(id);
  } catch {
    // A sandbox that forbids this only costs the loop its precedence.
  }
}

/** The kernel's id of this thread: the last part of `<process>/task/<thread>`. */
function findThreadId(): number | undefined {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return undefined;
  }
}

/** Node has no call for it: `SCHED_IDLE`, by the program that Linux systems have. */
function becomeIdle(id: number): void {
  const { execFileSync } = process.getBuiltinModule("node:child_process");
  execFileSync("chrt", ["-i", "-p", "0", String(id)], { stdio: "ignore" });
}
