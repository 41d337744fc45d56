import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/**
 * Gives the calling thread a nice value of its own, so that the kernel prefers the event loop. Linux keeps one per
 * thread; elsewhere it applies to the whole process, which is left alone. Only root can undo it.
 *
 * @param niceness - 1-19; 0 changes nothing. A process with a higher nice value keeps it.
 */
export function standBack(niceness: number): void {
  const id = niceness > 0 ? findThreadId() : undefined;
  if (id === undefined) return;
  try {
    if (getPriority(id) < niceness) setPriority(id, niceness);
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
