import { readFileSync } from "node:fs";

/** Linux reports these times in ticks of 10 ms, whatever the kernel's own clock. */
export const TICK_MICROS = 10_000;

/**
 * CPU time of a process with all its threads, user and system, in microseconds; on Linux only.
 *
 * @param process - A process ID, or `"self"`.
 * @param children - Whether ended children count, too.
 */
export function readProcessCpu(process: number | "self", children: boolean = false): number {
  const stat = readFileSync(`/proc/${process}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // a name may contain spaces and parentheses
  const own = fields.slice(11, children ? 15 : 13).map(Number);
  return own.reduce((sum, ticks) => sum + ticks, 0) * TICK_MICROS;
}
