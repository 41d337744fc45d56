import { globSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, matchesGlob, relative, resolve } from "node:path";
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
  "test/jobs/{overtaken,own-schema,processes,pulse,refused-folder,releases,retention,unanswered}.test.ts",
  "test/path/{database,plugins}.test.ts",
  "test/testing/{fail-on-block,jobs}.test.ts",
  "test/threads/pool/refused.test.ts",
  "test/tracing/{children,jobs,requests}.test.ts",
  "test/types/budget.test.ts",
  "test/watch/{attribution,starved}.test.ts",
  "test/websocket/faults.test.ts",
];

/**
 * No file takes half as long, alone or beside others: one that does hangs, and would take the rest with it. Node's own
 * limit is one on tests, and does not end a file whose tests have all ended, but not its process.
 */
const MOST_MS = 600_000;

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

/** The events of the phases, one after another, with one summary for all of them at the end. */
export async function* runTests(
  root: string,
  { phases, repeats }: Omit<Plan, "leftOut">,
): AsyncGenerator<TestEvent, void> {
  const tally = new Tally();
  for (const phase of phases)
    for await (const event of runPhase(root, phase, tally)) {
      const shown = repeats ? tally.excuse(event) : event;
      if (shown) yield shown;
    }
  const files = tally.failedFiles.map((file) => relative(root, file));
  if (files.length > 0) {
    yield note(`Once more, alone: ${files.join(", ")}`, "warn");
    yield* runPhase(root, { files, concurrency: 1 }, tally);
    yield note(`Failed at first, see above: ${files.join(", ")}`, "warn");
  }
  yield* tally.end();
}

/** The events of one phase except its totals, which the tally takes. */
async function* runPhase(
  root: string,
  { files, concurrency }: Phase,
  tally: Tally,
): AsyncGenerator<TestEvent, void> {
  if (files.length === 0) return;
  const hung = new AbortController();
  const timer = setTimeout(() => hung.abort(), MOST_MS);
  const events: AsyncIterable<TestEvent> = run({
    cwd: root,
    files: [...files],
    concurrency,
    timeout: MOST_MS,
    signal: hung.signal,
  });
  for await (const event of events) {
    timer.refresh();
    if (!tally.takes(event)) yield event;
  }
  clearTimeout(timer);
}

/** The totals in the order in which a run ends with them, and the names of those that differ in a file's summary. */
const totals = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo", "duration_ms"] as const;
const counted = { passed: "pass", failed: "fail" } as const;

/** The totals of several runs, and the files that have to run once more. */
class Tally {
  readonly #totals = new Map<string, number>(totals.map((name) => [name, 0]));
  readonly #failedFiles = new Set<string>();
  #summary: EventData.TestSummary | undefined;

  get failedFiles(): string[] {
    return [...this.#failedFiles];
  }

  /** Whether an event is one of the totals that a run ends with. */
  takes(event: TestEvent): boolean {
    const [, name = "", value] = readTotal(event) ?? [];
    if (name !== "") this.#add(name, Number(value));
    if (event.type !== "test:summary" || event.data.file !== undefined) return name !== "";
    this.#summary = event.data;
    return true;
  }

  /**
   * Makes the file of a failure run once more. The totals of that run replace these, and the failure becomes a warning.
   */
  excuse(event: TestEvent): TestEvent | undefined {
    if (event.type === "test:fail") {
      const { name, details } = event.data;
      const { failureType, cause } = details.error as Error & { failureType?: string };
      if (failureType === "subtestsFailed") return undefined;
      return note(`failed: ${name}\n${cause instanceof Error ? cause.stack : String(cause)}`, "warn");
    }
    if (event.type !== "test:summary" || event.data.success) return event;
    this.#forget(event.data);
    return undefined;
  }

  #forget({ file, counts }: EventData.TestSummary): void {
    this.#failedFiles.add(file as string);
    for (const [name, count] of Object.entries(counts))
      this.#add(counted[name as keyof typeof counted] ?? name, -count);
  }

  #add(name: string, value: number): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + value);
  }

  *end(): Generator<TestEvent, void> {
    for (const name of totals) yield note(`${name} ${this.#totals.get(name)}`, "info");
    const success = this.#totals.get("fail") === 0 && this.#totals.get("cancelled") === 0;
    if (this.#summary) yield { type: "test:summary", data: { ...this.#summary, success } };
  }
}

function note(message: string, level: "info" | "warn"): TestEvent {
  return { type: "test:diagnostic", data: { nesting: 0, message, level } };
}

/** One of the totals at the end of a run, such as "pass 12": they alone belong to no file. */
function readTotal({ type, data }: TestEvent): RegExpExecArray | null {
  return type === "test:diagnostic" && data.file === undefined ? /^(\w+) ([\d.]+)$/.exec(data.message) : null;
}

/** Runs test files and prints what Node's own runner would print; sets the exit code. */
export async function testTree(root: string, paths: readonly string[], all = false): Promise<void> {
  // Each file is a process, with threads and often processes of its own, and all of them load the same source.
  const cache = mkdtempSync(join(tmpdir(), "offloop-compile-cache-"));
  process.env.NODE_COMPILE_CACHE ??= cache;
  const { leftOut, ...plan } = planTests(root, paths, all);
  const events = runTests(root, plan);
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
