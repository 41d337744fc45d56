import { readFileSync } from "node:fs";
import { readProcessCpu, TICK_MICROS } from "./servers/process-cpu.ts";

/** CPU time since some moment in the past, in microseconds. */
export interface CpuReading {
  /** What all cores together could have given. */
  readonly total: number;
  /** What was used of it, other virtual machines of the same host included. */
  readonly used: number;
  /** What of it this process used, and its children that have ended. */
  readonly own: number;
}

/** Undefined where the system does not say, which is everywhere but on Linux. */
export function readMachineCpu(): CpuReading | undefined {
  if (process.platform !== "linux") return undefined;
  const all = readFileSync("/proc/stat", "latin1");
  return { ...readStat(all), own: readProcessCpu("self", true) };
}

/** Time spent in interrupts counts as unused: on a loopback connection it is the measured ones' own. */
export function readStat(stat: string): Omit<CpuReading, "own"> {
  const ticks = (/^cpu +([\d ]+)$/m.exec(stat)?.[1] ?? "").split(" ").slice(0, 8).map(Number);
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = ticks;
  const total = ticks.reduce((sum, count) => sum + count, 0);
  return { total: total * TICK_MICROS, used: (user + nice + system + steal) * TICK_MICROS };
}

/**
 * Which share of the machine others took between two readings, 0-1.
 *
 * @param measured - What the measured process used meanwhile, in microseconds.
 */
export function shareOfOthers(before: CpuReading, after: CpuReading, measured: number): number {
  const others = after.used - before.used - (after.own - before.own) - measured;
  return Math.max(0, others) / Math.max(1, after.total - before.total);
}
