import { pbkdf2Sync } from "node:crypto";
import { compareTrees } from "./compare-trees.ts";
import { comparisonTerms } from "./comparison-result.ts";
import { measureComputing } from "./freeze/computing.ts";
import { measureKill } from "./freeze/kill.ts";
import { measureRunaway } from "./freeze/runaway.ts";
import { measureShortBehindSlow } from "./freeze/short-behind-slow.ts";
import { measureTasks } from "./freeze/tasks.ts";
import { canCountInstructions } from "./instructions.ts";
import { findLoadGenerator } from "./load-generator.ts";
import { describeMachine } from "./machine.ts";
import { type BenchPlan, type PartName, readOptions } from "./options.ts";
import type { Bench, Part, PartResult } from "./part.ts";
import { measureArounds } from "./parts/arounds.ts";
import { measureAsyncOperation } from "./parts/async-operation.ts";
import { measureBackgroundSpread } from "./parts/background-spread.ts";
import { measureDeclaredOperation } from "./parts/declared-operation.ts";
import { measureIdleCpu } from "./parts/idle.ts";
import { measureLog } from "./parts/log.ts";
import { measureLoopLatency } from "./parts/loop-latency.ts";
import { measurePeers, measurePeersThreads } from "./parts/peers.ts";
import { measurePlainOperation } from "./parts/plain-operation.ts";
import { measureSockets } from "./parts/sockets.ts";
import { measureStartup } from "./parts/startup.ts";
import { measureWorkers } from "./parts/workers.ts";
import { writeResults } from "./results.ts";
import { formatTable } from "./table.ts";
import { withTree } from "./tree.ts";

const BURN_MS = 50;
/** By then V8 has finished compiling. */
const WARM_UP_REQUESTS = 20_000;

const parts: Readonly<Record<PartName, Part>> = {
  a: measureAsyncOperation,
  b: measurePlainOperation,
  c: measureLoopLatency,
  d: measureBackgroundSpread,
  e: measureStartup,
  f: measureDeclaredOperation,
  g: measureArounds,
  h: measureLog,
  sockets: measureSockets,
  idle: measureIdleCpu,
  peers: measurePeers,
  "peers-threads": measurePeersThreads,
  workers: measureWorkers,
  "freeze-computing": measureComputing,
  "freeze-short": measureShortBehindSlow,
  "freeze-runaway": measureRunaway,
  "freeze-tasks": measureTasks,
  "freeze-kill": measureKill,
};

async function main(): Promise<void> {
  const plan = readOptions(process.argv.slice(2));
  const machine = describeMachine();
  const bench: Bench = {
    options: plan,
    generator: findLoadGenerator(),
    countsInstructions: canCountInstructions(),
    warmUpRequests: WARM_UP_REQUESTS,
    burnIterations: calibrateBurn(),
    say,
  };
  console.log(`${machine.date}  Node ${machine.node}  ${machine.cpu}, ${machine.cores} cores`);
  console.log(
    `load from ${bench.generator.name}, where sides take turns from this process; ${plan.rounds} rounds of ${plan.seconds} s`,
  );
  console.log(`load average before: ${machine.loadBefore.toFixed(1)}`);
  console.log(`${comparisonTerms(bench).join("\n")}\n`);
  const save = (results: readonly NamedResult[]): string =>
    writeResults(machine.date, {
      ...machine,
      generator: bench.generator.name,
      options: plan,
      burnIterations: bench.burnIterations,
      parts: results.map(({ part, title, table, notes, goals, measured }) => ({
        part,
        title,
        table,
        notes,
        goals,
        measured,
      })),
    });
  const results = await run(plan, bench, save);
  printGoals(results.flatMap(({ goals }) => goals));
  console.log(`written to ${save(results)}`);
}

type NamedResult = PartResult & { readonly part: string };

/** Measures what was asked for. Prints and saves each result as it comes, so that an aborted run keeps what it has. */
async function run(
  plan: BenchPlan,
  bench: Bench,
  save: (results: readonly NamedResult[]) => void,
): Promise<NamedResult[]> {
  const results: NamedResult[] = [];
  const measure = async (part: string, start: Part): Promise<void> => {
    for (const result of await start({ ...bench, say: (text) => say(`(${part}) ${text}`) })) {
      print(result);
      results.push({ part, ...result });
      save(results);
    }
  };
  if (plan.against === undefined) for (const part of plan.only) await measure(part, parts[part]);
  else {
    say(`building ${plan.against}`);
    await withTree(plan.against, async (other) => {
      for (const operation of plan.only)
        await measure(operation, async (own) => [await compareTrees(operation, other, own)]);
    });
  }
  return results;
}

/** How many PBKDF2 iterations take this machine 50 ms, at its fastest of several tries. */
function calibrateBurn(): number {
  const iterations = 20_000;
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    pbkdf2Sync("password", "salt", iterations, 32, "sha256");
    return performance.now() - start;
  });
  return Math.round((iterations * BURN_MS) / Math.min(...times));
}

function print({ title, table, notes }: PartResult): void {
  console.log(`${title}\n\n${formatTable(table)}`);
  for (const note of notes) console.log(`  ${note}`);
  console.log();
}

function printGoals(goals: readonly PartResult["goals"][number][]): void {
  for (const { what, figure, direction, bound, met } of goals)
    console.log(`${met ? "met   " : "MISSED"}  ${what}: ${figure.toFixed(2)}, ${direction} ${bound}`);
  if (goals.length > 0) console.log();
}

/** Progress goes to standard error, so that the tables can be redirected to a file. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

// A signal would otherwise end the run without its cleanup, and leave another tree behind.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
await main();
