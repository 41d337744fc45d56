import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs a program, and gives what it has printed. What goes wrong in it rejects with what it has said of that. */
export async function runProgram(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(file, [...args]);
  return stdout;
}
