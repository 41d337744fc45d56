import { readdirSync, readFileSync } from "node:fs";

const NANOS_A_MS = 1_000_000;

/** How long each thread of a process has run or waited for a core so far, in milliseconds, by its id. On Linux only. */
export type ThreadDemand = ReadonlyMap<string, number>;

/**
 * How much each thread wanted a core. Unlike the time it had one, this is the same on a busy machine: a computing
 * thread always wants one.
 */
export function readThreadDemand(pid: number): ThreadDemand {
  const folder = `/proc/${pid}/task`;
  return new Map(readdirSync(folder).map((thread) => [thread, readDemand(`${folder}/${thread}/schedstat`)]));
}

/** The largest fraction of the time between two readings in which one thread wanted a core, 0-1. */
export function greatestDemand(before: ThreadDemand, after: ThreadDemand, elapsedMs: number): number {
  const shares = [...after].map(([thread, ms]) => (ms - (before.get(thread) ?? 0)) / elapsedMs);
  return Math.max(0, ...shares);
}

function readDemand(file: string): number {
  try {
    const [ran = 0, waited = 0] = readFileSync(file, "latin1").split(" ").map(Number);
    return (ran + waited) / NANOS_A_MS;
  } catch {
    return 0; // it has ended since its folder was listed
  }
}
