import { totalmem } from "node:os";

const MIB = 2 ** 20;
/** Half of the memory is for what is not a thread: the event loop, what requests hold, a heap that is full. */
const THREADS_SHARE = 0.5;
/** What is planned for a thread that has loaded an app: without it, 17-29 MiB. */
const PLANNED_THREAD_MIB = 40;

/** The memory limit of this container, in MiB; undefined where there is none. */
export function containerMib(): number | undefined {
  const limit = process.constrainedMemory();
  // A container without a limit has that of the machine, or one that is larger than any machine.
  return limit > 0 && limit < totalmem() ? limit / MIB : undefined;
}

/** How many threads each of some processes may have in a container of so many MiB. */
export function threadsThatFit(mib: number, processes: number): number {
  return Math.max(1, Math.floor((THREADS_SHARE * mib) / PLANNED_THREAD_MIB / processes));
}
