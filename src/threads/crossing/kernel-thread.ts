import { readFileSync, readlinkSync } from "node:fs";

/** The kernel's id of the calling thread: the last part of `<process>/task/<thread>`. Only Linux has one per thread. */
export function kernelThreadId(): number | undefined {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return undefined;
  }
}

/** Whether a thread of this process runs or waits for a core, rather than for something else. See proc(5), /proc/pid/stat. */
export function isRunnable(kernelId: number): boolean {
  try {
    return /^\d+ \(.*\) R/s.test(readFileSync(`/proc/self/task/${kernelId}/stat`, "latin1"));
  } catch {
    return false; // it has ended meanwhile
  }
}
