import { readFileSync } from "node:fs";
import { clockMs } from "./clock.ts";

/** What the operating system has counted for the main thread. Linux only; undefined elsewhere. */
export interface CpuUse {
  readonly at: number;
  readonly runMs: number;
  /** How long it was ready to run and had no CPU. */
  readonly delayMs: number;
}

export function mainThreadCpuUse(): CpuUse | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1");
    const [run = 0, delay = 0] = text.split(" ").map(Number);
    return { at: clockMs(), runMs: run / 1e6, delayMs: delay / 1e6 };
  } catch {
    return undefined;
  }
}
