import { pbkdf2Sync } from "node:crypto";
import { findLoadGenerator } from "./load-generator.ts";
import { describeMachine } from "./machine.ts";
import { type PartName, readOptions } from "./options.ts";
import type { Bench, Part, PartResult } from "./part.ts";
import { measureAsyncOperation } from "./parts/async-operation.ts";
import { measureBackgroundSpread } from "./parts/background-spread.ts";
import { measureDeclaredOperation } from "./parts/declared-operation.ts";
import { measureLoopLatency } from "./parts/loop-latency.ts";
import { measurePlainOperation } from "./parts/plain-operation.ts";
import { measureStartup } from "./parts/startup.ts";
import { writeResults } from "./results.ts";
import { formatTable } from "./table.ts";

const BURN_MS = 50;

const parts: Readonly<Record<PartName, Part>> = {
  a: measureAsyncOperation,
  b: measurePlainOperation,
  c: measureLoopLatency,
  d: measureBackgroundSpread,
  e: measureStartup,
  f: measureDeclaredOperation,
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const machine = describeMachine();
  const generator = findLoadGenerator();
  const burnIterations = calibrateBurn();
  console.log(`${machine.date}  Node ${machine.node}  ${machine.cpu}, ${machine.cores} cores`);
  console.log(`load from ${generator.name}, ${options.rounds} rounds of ${options.seconds} s\n`);
  if (machine.loadBefore > 0.5)
    console.log(`the machine is busy (load ${machine.loadBefore.toFixed(1)}): figures mean little\n`);
  const results: (PartResult & { readonly part: PartName })[] = [];
  for (const part of options.only) {
    const bench: Bench = { options, generator, burnIterations, say: (text) => say(`(${part}) ${text}`) };
    for (const result of await parts[part](bench)) {
      print(result);
      results.push({ part, ...result });
    }
  }
  printGoals(results.flatMap(({ goals }) => goals));
  const measured = results.map(({ part, title, notes, goals, measured }) => ({
    part,
    title,
    notes,
    goals,
    measured,
  }));
  const file = writeResults(machine.date, {
    ...machine,
    generator: generator.name,
    options,
    burnIterations,
    parts: measured,
  });
  console.log(`written to ${file}`);
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

/** Progress goes to standard error, so that the tables can be kept. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

await main();
