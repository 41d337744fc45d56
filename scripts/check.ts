import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "./finding.ts";

export interface Step {
  name: string;
  command: string;
  args: readonly string[];
  /** Shows the output while the step runs, not only when it fails. */
  live?: boolean;
}

const bin = (tool: string): string => join("node_modules", ".bin", tool);
const script = (name: string): string[] => [join("scripts", `check-${name}.ts`)];
const unfinished = ["-A", "all", "-D", "no-warning-comments", "--ignore-pattern=bench/results"];

/** In the order in which mistakes are cheapest to discover; the tests come last, since CI reads their summary. */
export const steps: readonly Step[] = [
  { name: "format and lint", command: bin("biome"), args: ["ci", "--colors=off", "."] },
  { name: "types", command: bin("tsc"), args: ["-p", "tsconfig.json"] },
  { name: "types of pages", command: bin("tsc"), args: ["-p", "tsconfig.page.json"] },
  { name: "types of the site", command: bin("tsc"), args: ["-p", "site"] },
  { name: "types of tests", command: bin("tsc"), args: ["-p", "tsconfig.test.json"] },
  { name: "unfinished work", command: bin("oxlint"), args: unfinished },
  { name: "imports", command: process.execPath, args: script("imports") },
  { name: "what nobody uses", command: bin("knip"), args: ["--no-progress"] },
  { name: "docs", command: process.execPath, args: script("docs") },
  { name: "regexes", command: process.execPath, args: script("regexes") },
  { name: "build", command: "npm", args: ["run", "--silent", "build"] },
  { name: "package", command: "npm", args: ["run", "--silent", "check:package"] },
  { name: "tests", command: "npm", args: ["test", "--", "--all"], live: true },
];

/** Runs every step, even after one has failed, and returns the names of those that failed. */
export function runSteps(
  list: readonly Step[],
  write: (text: string) => void,
  root: string = repositoryRoot,
): string[] {
  return list.filter((step) => !runStep(step, write, root)).map((step) => step.name);
}

function runStep(step: Step, write: (text: string) => void, root: string): boolean {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(step.command, step.args, {
    cwd: root,
    encoding: "utf8",
    stdio: step.live ? "inherit" : "pipe",
    maxBuffer: 64 * 1024 * 1024,
    // On Windows npm and the tools in node_modules/.bin are .cmd files, which only a shell can start.
    shell: process.platform === "win32",
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  write(`${status === 0 ? "✓" : "✗"} ${step.name} (${seconds} s)\n`);
  const output = [stdout, stderr, error?.message].filter(Boolean).map((text) => `${text?.trimEnd()}\n`);
  if (status !== 0) write(output.join(""));
  return status === 0;
}

if (import.meta.main) {
  const list = process.argv.includes("--skip-tests") ? steps.filter((step) => step.name !== "tests") : steps;
  const failed = runSteps(list, (text) => process.stdout.write(text));
  if (failed.length > 0) console.log(`✗ failed: ${failed.join(", ")}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
