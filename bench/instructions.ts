import { spawnSync } from "node:child_process";

const EVENT = "instructions";

/** Whether `perf` is there and counts instructions. A virtual machine often has no counters to read. */
export function canCountInstructions(): boolean {
  const [program = "", ...args] = countingInstructions(process.pid, ["node", "--version"]);
  const { error, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return error === undefined && readInstructions(stderr) !== undefined;
}

/** The command that runs another and counts, meanwhile, the instructions of a process with all its threads. */
export function countingInstructions(
  pid: number,
  command: readonly string[],
  event: string = EVENT,
): string[] {
  return ["perf", "stat", "-x,", "-e", event, "-p", `${pid}`, "--", ...command];
}

/**
 * What such a command has counted, from its standard error; undefined when it counted nothing. A processor with two kinds
 * of cores has a line for each.
 *
 * @see https://man7.org/linux/man-pages/man1/perf-stat.1.html#CSV_FORMAT
 */
export function readInstructions(output: string, event: string = EVENT): number | undefined {
  const counts = output
    .split("\n")
    .map((line) => line.split(","))
    .filter(([count = "", , name]) => /^\d/.test(count) && name?.includes(event) === true)
    .map(([count]) => Number(count));
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
