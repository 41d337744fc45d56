import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/**
 * Gives the calling thread a nice value of its own, so that the kernel lets the event loop go first. Linux keeps one for
 * each thread; elsewhere it is the whole process's, which is left alone. Nobody but root can take it back.
 *
 * @param niceness - 1-19; 0 changes nothing. A process that is nicer already stays so.
 */
export function standBack(niceness: number): void {
  const id = niceness > 0 ? findThreadId() : undefined;
  if (id === undefined) return;
  try {
    if (getPriority(id) < niceness) setPriority(id, niceness);
  } catch {
    // A sandbox that forbids it costs the loop its precedence, and nothing else.
  }
}

/** The kernel's id of this thread, which is the last part of `<process>/task/<thread>`. */
function findThreadId(): number | undefined {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return undefined;
  }
}
