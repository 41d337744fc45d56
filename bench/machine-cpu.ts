import { readFileSync } from "node:fs";
import { readProcessCpu, TICK_MICROS } from "./servers/process-cpu.ts";

/** CPU time since some moment in the past, in microseconds. */
export interface CpuReading {
  /** What all cores together could have provided. */
  readonly total: number;
  /** How much of it was used, including by other virtual machines of the same host. */
  readonly used: number;
  /** How much of it this process and its ended children used. */
  readonly own: number;
}

/** Undefined where the system does not report it, which is everywhere but on Linux. */
export function readMachineCpu(): CpuReading | undefined {
  if (process.platform !== "linux") return undefined;
  const all = readFileSync("/proc/stat", "latin1");
  return { ...readStat(all), own: readProcessCpu("self", true) };
}

/** Time spent in interrupts counts as unused: on a loopback connection the measured processes cause it themselves. */
export function readStat(stat: string): Omit<CpuReading, "own"> {
  const ticks = (/^cpu +([\d ]+)$/m.exec(stat)?.[1] ?? "").split(" ").slice(0, 8).map(Number);
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = ticks;
  const total = ticks.reduce((sum, count) => sum + count, 0);
  return { total: total * TICK_MICROS, used: (user + nice + system + steal) * TICK_MICROS };
}

/**
 * The fraction of the machine that others used between two readings, 0-1.
 *
 * @param measured - CPU time of the measured process meanwhile, in microseconds.
 */
export function shareOfOthers(before: CpuReading, after: CpuReading, measured: number): number {
  const others = after.used - before.used - (after.own - before.own) - measured;
  return Math.max(0, others) / Math.max(1, after.total - before.total);
}
