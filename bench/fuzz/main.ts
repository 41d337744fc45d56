import { parseArgs } from "node:util";
import * as fc from "fast-check";
import { invariants } from "./properties.ts";
import { schemasOfServer } from "./random-schemas.ts";
import { Subject } from "./subject.ts";

/** How long one invariant may take, including the shrinking of a failure. */
const ROUND_MS = 300_000;

/** Runs servers with random schemas, one after another, and sends each random requests; says whether nothing was found. */
async function fuzz(seconds: number, firstSeed: number): Promise<boolean> {
  console.log(`fuzz: ${seconds} s, seed ${firstSeed}`);
  const until = performance.now() + seconds * 1000;
  let inputs = 0;
  for (let seed = firstSeed; performance.now() < until; seed++) {
    const { runs, failure } = await fuzzServer(seed);
    inputs += runs;
    if (failure === undefined) continue;
    console.log(failure);
    console.log(`repeat with --seconds 1 --seed ${seed}`);
    return false;
  }
  console.log(`nothing found in ${inputs} inputs`);
  return true;
}

interface Round {
  readonly runs: number;
  readonly failure: string | undefined;
}

/** One server: its schemas and its requests follow from the seed. */
async function fuzzServer(seed: number): Promise<Round> {
  const [declared = []] = fc.sample(schemasOfServer, { seed, numRuns: 1 });
  const subject = new Subject(declared);
  let runs = 0;
  try {
    for (const { name, property, runs: numRuns } of invariants(subject, declared)) {
      const start = performance.now();
      const details = await fc.check(property, { seed, numRuns, interruptAfterTimeLimit: ROUND_MS });
      runs += details.numRuns;
      console.log(
        `seed ${seed}: ${details.numRuns} x ${name}, ${((performance.now() - start) / 1000).toFixed(1)} s`,
      );
      if (!details.failed) continue;
      const why = details.errorInstance instanceof Error ? details.errorInstance.message : "";
      const found = `FOUND, seed ${seed}: not true that ${name}\n${why}\n${fc.defaultReportMessage(details)}`;
      return { runs, failure: found };
    }
    return { runs, failure: undefined };
  } finally {
    await subject.end();
  }
}

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
process.exitCode = (await fuzz(Number(values.seconds ?? 60), seed)) ? 0 : 1;
