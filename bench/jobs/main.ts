import { inspect, parseArgs } from "node:util";
import { describeMachine } from "../machine.ts";
import { cost, embeddedCost, idle, loop } from "./cost.ts";
import { crowd } from "./crowd.ts";
import { cutNetwork, deploy, killEmbedded, killWorkers } from "./faults.ts";
import type { JobsResult, JobsScale } from "./result.ts";

const parts: Readonly<Record<string, (scale: JobsScale) => Promise<JobsResult>>> = {
  embedded: killEmbedded,
  kills: killWorkers,
  cut: cutNetwork,
  deploy,
  crowd,
  cost,
  "embedded-cost": embeddedCost,
  loop,
  idle,
};

/**
 * What durable tasks withstand, and what they cost.
 *
 * npm run bench:jobs -- [--only embedded,kills,cut,deploy,crowd,cost,embedded-cost,loop,idle] [--jobs 1000] [--kills 20] [--rounds 9]
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: Object.keys(parts).join(",") },
      jobs: { type: "string", default: "1000" },
      kills: { type: "string", default: "20" },
      rounds: { type: "string", default: "9" },
    },
  });
  const scale = {
    jobs: whole("--jobs", values.jobs),
    kills: whole("--kills", values.kills),
    rounds: whole("--rounds", values.rounds),
  };
  const { date, node, cpu, cores, loadBefore } = describeMachine();
  console.log(`${date}  Node ${node}  ${cpu}, ${cores} cores, load average before: ${loadBefore.toFixed(1)}`);
  for (const name of values.only.split(",")) print(name, await partOf(name)(scale));
}

function partOf(name: string): (scale: JobsScale) => Promise<JobsResult> {
  const part = parts[name];
  if (part !== undefined) return part;
  throw new RangeError(`--only: expected some of ${Object.keys(parts).join(",")}, got "${name}"`);
}

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new RangeError(`${name}: expected a whole number of 1-999999, got "${text}"`);
}

/** A goal that is missed is the run's failure. */
function print(part: string, { figures, goals }: JobsResult): void {
  console.log(`\n(${part})`, inspect(figures, { depth: 5 }));
  for (const { what, figure, direction, bound, met } of goals) {
    console.log(`${met ? "met   " : "MISSED"}  ${what}: ${figure}, ${direction} ${bound}`);
    if (!met) process.exitCode = 1;
  }
}

await main();
