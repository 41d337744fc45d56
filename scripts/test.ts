import { globSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, matchesGlob, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type EventData, run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";
import { repositoryRoot } from "./finding.ts";

/**
 * Test files that compare times, or load the machine fully: each has the machine to itself. Every other file relies on
 * the order of events, passes even while the machine does something else, and runs in parallel with the others.
 */
export const measuringFiles: readonly string[] = [
  "test/{cost,faults,fuzz}/*.test.ts",
  "test/bench/{connection,instructions,load-generator,machine-cpu,memory}.test.ts",
  "test/bench/{probe,thread-demand,turn-load,turns}.test.ts",
  "test/examples/{08-pairs,experiments}.test.ts",
  "test/http/{hung-up,shutdown}.test.ts",
  "test/jobs/{backlog,faults,lost,processes}.test.ts",
  "test/metrics/workers.test.ts",
  "test/operating/workers.test.ts",
  "test/pages/{inspected-experiments,inspector}.test.ts",
  "test/path/database.test.ts",
  "test/testing/fail-on-block.test.ts",
  "test/threads/pool/pool.test.ts",
  "test/types/budget.test.ts",
  "test/watch/{attribution,interruption,pulse,settings,starved}.test.ts",
  "test/websocket/{faults,watch}.test.ts",
];

/**
 * Test files that take long, ten seconds to minutes each: browsers, killed processes and whole fleets, reloads, packed
 * packages, the worst bodies, every kind of upload and of trace, every lane of the recordings. They run when named, and
 * with `--all`.
 */
export const longFiles: readonly string[] = [
  "test/{faults,fuzz,operating,pages}/*.test.ts",
  "test/package.test.ts",
  "test/bench/turns.test.ts",
  "test/cli/{dev,jobs,run,syntax,work}.test.ts",
  "test/conformance/lanes.test.ts",
  "test/cost/{heap,worst-bodies}.test.ts",
  "test/docs/built-site.test.ts",
  "test/examples/{08-pairs,experiments}.test.ts",
  "test/http/{half-open,inspector-jobs,uploads}.test.ts",
  "test/inspector/workers.test.ts",
  "test/jobs/{additions,app,backlog,close,drained,embedded,engine,faults,list,lost,notices}.test.ts",
  "test/jobs/{failed-start,overtaken,own-schema,processes,pulse,releases,retention,unanswered}.test.ts",
  "test/path/{database,plugins}.test.ts",
  "test/testing/{fail-on-block,jobs}.test.ts",
  "test/threads/pool/refused.test.ts",
  "test/tracing/{children,jobs,requests}.test.ts",
  "test/types/budget.test.ts",
  "test/watch/{attribution,starved}.test.ts",
  "test/websocket/faults.test.ts",
];

/** When a test or a file is taken to hang, in milliseconds: it fails, and the others run. */
interface Limits {
  /** No test takes half as long; one that does waits for what does not come. */
  readonly testMs: number;
  /** A file that shows nothing for longer hangs outside its tests, as its process does not end after them. */
  readonly silentMs: number;
}

const defaultLimits: Limits = { testMs: 240_000, silentMs: 300_000 };

/** Files that run one after another, or in parallel. */
interface Phase {
  readonly files: readonly string[];
  readonly concurrency: number;
}

/** Which files run, and how. */
interface Plan {
  readonly phases: readonly Phase[];
  /** Files that take long and were not requested. */
  readonly leftOut: readonly string[];
  /**
   * Whether a failed file runs once more, alone at the end, with that result counting: the whole suite takes half an
   * hour, during which the machine may have done something else. The first failure is reported where it happens and
   * before the totals.
   */
  readonly repeats: boolean;
}

/**
 * Plans which test files run, those that run in parallel first.
 *
 * @param paths - Files, folders or patterns, relative to the root. Default: all of test except those that take long.
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
  return { phases, leftOut, repeats: all };
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

/** What a test file has shown, and whether all of it passed. */
interface FileRun {
  readonly file: string;
  readonly events: readonly TestEvent[];
  readonly summary: EventData.TestSummary | undefined;
}

/** The events of the phases, one after another, with one summary for all of them at the end. */
async function* runTests(
  root: string,
  { phases, repeats }: Plan,
  limits: Limits,
): AsyncGenerator<TestEvent, void> {
  const start = performance.now();
  const counted: FileRun[] = [];
  const failed: string[] = [];
  for (const phase of phases)
    for await (const run of runPhase(root, phase, limits)) {
      const isExcused = repeats && run.summary?.success !== true;
      if (isExcused) failed.push(run.file);
      else counted.push(run);
      yield* isExcused ? run.events.flatMap(excuse) : run.events;
    }
  if (failed.length > 0) {
    yield note(`Once more, alone: ${failed.join(", ")}`, "warn");
    for await (const run of runPhase(root, { files: failed, concurrency: 1 }, limits)) {
      counted.push(run);
      yield* run.events;
    }
    yield note(`Failed at first, see above: ${failed.join(", ")}`, "warn");
  }
  yield* summarize(counted, performance.now() - start);
}

/** The runs of a phase's files, in the order of the files. */
function runPhase(root: string, { files, concurrency }: Phase, limits: Limits): AsyncIterable<FileRun> {
  const options = { concurrency, highWaterMark: files.length };
  return Readable.from(files).map((file: string) => runFile(root, file, limits), options);
}

/** Each file is a run of its own, so that one that hangs ends without the others. */
async function runFile(root: string, file: string, { testMs, silentMs }: Limits): Promise<FileRun> {
  const hung = new AbortController();
  const timer = setTimeout(() => hung.abort(), silentMs);
  const events: TestEvent[] = [];
  let summary: EventData.TestSummary | undefined;
  for await (const event of run({ cwd: root, files: [file], timeout: testMs, signal: hung.signal })) {
    timer.refresh();
    if (event.type === "test:summary" && event.data.file === undefined) summary = event.data;
    else if (!isTotal(event)) events.push(event);
  }
  clearTimeout(timer);
  return { file, events, summary };
}

/** Whether an event is one of the totals at the end of a run, such as "pass 12": they alone belong to no file. */
function isTotal({ type, data }: TestEvent): boolean {
  return type === "test:diagnostic" && data.file === undefined && /^\w+ [\d.]+$/.test(data.message);
}

/** The totals in the order in which a run ends with them, each by its name in a summary. */
const totals = {
  tests: "tests",
  suites: "suites",
  pass: "passed",
  fail: "failed",
  cancelled: "cancelled",
  skipped: "skipped",
  todo: "todo",
} as const;

/** A failure that counts only if it comes again is a warning. */
function excuse(event: TestEvent): TestEvent[] {
  if (event.type === "test:summary") return [];
  if (event.type !== "test:fail") return [event];
  const { name, details } = event.data;
  const { failureType, cause } = details.error as Error & { failureType?: string };
  if (failureType === "subtestsFailed") return [];
  return [note(`failed: ${name}\n${cause instanceof Error ? cause.stack : String(cause)}`, "warn")];
}

function* summarize(runs: readonly FileRun[], durationMs: number): Generator<TestEvent, void> {
  for (const [name, counted] of Object.entries(totals)) {
    const sum = runs.reduce((total, { summary }) => total + (countsOf(summary)[counted] ?? 0), 0);
    yield note(`${name} ${sum}`, "info");
  }
  yield note(`duration_ms ${durationMs}`, "info");
  const last = runs.at(-1)?.summary;
  const success = runs.every(({ summary }) => summary?.success === true);
  if (last) yield { type: "test:summary", data: { ...last, success } };
}

/** Node's types lack the number of those that failed. */
function countsOf(summary: EventData.TestSummary | undefined): Readonly<Record<string, number>> {
  return { ...summary?.counts };
}

function note(message: string, level: "info" | "warn"): TestEvent {
  return { type: "test:diagnostic", data: { nesting: 0, message, level } };
}

/** Runs test files and prints what Node's own runner would print; sets the exit code. */
export async function testTree(
  root: string,
  paths: readonly string[],
  all = false,
  limits: Limits = defaultLimits,
): Promise<void> {
  // Each file is a process, with threads and often processes of its own, and all of them load the same source.
  const cache = mkdtempSync(join(tmpdir(), "offloop-compile-cache-"));
  process.env.NODE_COMPILE_CACHE ??= cache;
  const plan = planTests(root, paths, all);
  const { leftOut } = plan;
  const events = runTests(root, plan, limits);
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
