import { globSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, matchesGlob, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type EventData, run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";
import { repositoryRoot } from "./finding.ts";

/**
 * Test files that compare times, or load the machine until it is full: each has the machine to itself. Every other file
 * orders what it looks at by events, holds also while the machine does something else, and runs beside the others.
 */
export const measuringFiles: readonly string[] = [
  "test/{bench,cost,faults,fuzz,watch}/*.test.ts",
  "test/examples/{08-pairs,experiments}.test.ts",
  "test/http/{hung-up,shutdown}.test.ts",
  "test/jobs/{backlog,faults,processes}.test.ts",
  "test/metrics/workers.test.ts",
  "test/operating/workers.test.ts",
  "test/pages/{inspected-experiments,inspector}.test.ts",
  "test/path/database.test.ts",
  "test/testing/fail-on-block.test.ts",
  "test/threads/pool/pool.test.ts",
  "test/types/budget.test.ts",
  "test/websocket/{faults,watch}.test.ts",
];

/**
 * Test files that take half a minute and more: browsers, killed fleets, the worst bodies, every lane of the recordings.
 * They run where they are named, and with `--all`.
 */
export const longFiles: readonly string[] = [
  "test/pages/*.test.ts",
  "test/cost/{heap,worst-bodies}.test.ts",
  "test/fuzz/*.test.ts",
  "test/jobs/{backlog,faults,processes}.test.ts",
  "test/operating/workers.test.ts",
  "test/examples/{08-pairs,experiments}.test.ts",
  "test/conformance/lanes.test.ts",
  "test/docs/built-site.test.ts",
];

/** Files that run one after another, or side by side. */
interface Phase {
  readonly files: readonly string[];
  readonly concurrency: number;
}

/** Which files run, and how. */
interface Plan {
  readonly phases: readonly Phase[];
  /** Files that take long and were not asked for. */
  readonly leftOut: readonly string[];
}

/**
 * Test files, those that run side by side first.
 *
 * @param paths - Files, folders or patterns, from the root. Default: all of test but those that take long.
 * @param all - Whether those run, too.
 * @throws {Error} For a path that names no test file.
 */
export function planTests(root: string, paths: readonly string[], all = false): Plan {
  const found = (paths.length === 0 ? ["test"] : paths).flatMap((path) => findTestFiles(root, path));
  const files = [...new Set(found)].sort();
  const leftOut = all || paths.length > 0 ? [] : files.filter((file) => isAmong(longFiles, file));
  const wanted = files.filter((file) => !leftOut.includes(file));
  const measures = (file: string): boolean => isAmong(measuringFiles, file);
  const phases = [
    { files: wanted.filter((file) => !measures(file)), concurrency: availableParallelism() },
    { files: wanted.filter(measures), concurrency: 1 },
  ];
  return { phases, leftOut };
}

function isAmong(patterns: readonly string[], file: string): boolean {
  return patterns.some((pattern) => matchesGlob(file, pattern));
}

function findTestFiles(root: string, path: string): string[] {
  const named = relative(root, resolve(root, path)).replaceAll("\\", "/");
  const pattern = named.endsWith(".ts") ? named : `${named}/**/*.test.ts`;
  const files = globSync(pattern, { cwd: root, exclude: ["**/node_modules"] });
  if (files.length === 0) throw new Error(`Cannot test ${path}: no file is named ${pattern}`);
  return files.map((file) => file.replaceAll("\\", "/"));
}

/** The events of the phases, one after another, with one summary of them all at the end. */
export async function* runTests(root: string, phases: readonly Phase[]): AsyncGenerator<TestEvent, void> {
  const totals = new Map<string, number>();
  let summary: EventData.TestSummary | undefined;
  for (const { files, concurrency } of phases.filter((phase) => phase.files.length > 0)) {
    const events: AsyncIterable<TestEvent> = run({ cwd: root, files: [...files], concurrency });
    for await (const event of events) {
      const [, name = "", value] = readTotal(event) ?? [];
      if (name !== "") totals.set(name, (totals.get(name) ?? 0) + Number(value));
      else if (event.type !== "test:summary" || event.data.file !== undefined) yield event;
      else summary = { ...event.data, success: event.data.success && summary?.success !== false };
    }
  }
  for (const [name, total] of totals)
    yield { type: "test:diagnostic", data: { nesting: 0, message: `${name} ${total}`, level: "info" } };
  if (summary) yield { type: "test:summary", data: summary };
}

/** One of the totals that a run ends with, such as "pass 12": only they belong to no file. */
function readTotal({ type, data }: TestEvent): RegExpExecArray | null {
  return type === "test:diagnostic" && data.file === undefined ? /^(\w+) ([\d.]+)$/.exec(data.message) : null;
}

/** Runs test files and prints what Node's own runner would; sets the exit code. */
export async function testTree(root: string, paths: readonly string[], all = false): Promise<void> {
  // Each file is a process, with threads and often processes of its own, and all of them load the same source.
  const cache = mkdtempSync(join(tmpdir(), "offloop-compile-cache-"));
  process.env.NODE_COMPILE_CACHE ??= cache;
  const { phases, leftOut } = planTests(root, paths, all);
  const events = runTests(root, phases);
  const judged = async function* (): AsyncGenerator<TestEvent, void> {
    for await (const event of events) {
      if (event.type === "test:summary" && event.data.file === undefined)
        process.exitCode = event.data.success ? 0 : 1;
      yield event;
    }
  };
  try {
    if (leftOut.length > 0)
      process.stdout.write(
        `Leaves out what takes long, ${leftOut.length} files: npm test -- --all runs them, too\n`,
      );
    await pipeline(judged, new spec(), process.stdout);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { all: { type: "boolean" } },
  });
  await testTree(repositoryRoot, positionals, values.all);
}
