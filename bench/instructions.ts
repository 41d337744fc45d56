import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

const EVENT = "instructions";

/** Whether `perf` is available and counts instructions. A virtual machine often has no counters to read. */
export function canCountInstructions(): boolean {
  const args = [...argumentsFor(process.pid), "--", "node", "--version"];
  const { error, stderr } = spawnSync("perf", args, { encoding: "utf8" });
  return error === undefined && readInstructions(stderr) !== undefined;
}

/** Counts the instructions of a process with all its threads, until it is told to end. */
export function countInstructions(
  pid: number,
  event: string = EVENT,
): { end(): Promise<number | undefined> } {
  const perf = spawn("perf", argumentsFor(pid, event), { stdio: ["ignore", "ignore", "pipe"] });
  const printed = Promise.all([text(perf.stderr), once(perf, "close")]);
  return {
    async end() {
      perf.kill("SIGINT"); // it then prints what it has counted
      const [output] = await printed;
      return readInstructions(output, event);
    },
  };
}

function argumentsFor(pid: number, event: string = EVENT): string[] {
  return ["stat", "-x,", "-e", event, "-p", `${pid}`];
}

/**
 * What `perf` has counted, from its standard error; undefined when it counted nothing. A processor with two kinds of
 * cores has a line for each.
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
