import { parseArgs } from "node:util";
import { printMachine, printTrial, type Trials, trialNamed, wholeNumber } from "../trial.ts";
import { cost, embeddedCost, idle, loop } from "./cost.ts";
import { crowd } from "./crowd.ts";
import { cutNetwork, deploy, killEmbedded, killWorkers } from "./faults.ts";
import type { JobsScale } from "./scale.ts";

const MOST = 999_999;

const parts: Trials<JobsScale> = {
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
 * npm run bench:jobs -- [--only embedded,kills,cut,deploy,crowd,cost,embedded-cost,loop,idle] [--jobs 1000] [--kills
 * 20] [--rounds 9]
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
    jobs: wholeNumber("--jobs", values.jobs, MOST),
    kills: wholeNumber("--kills", values.kills, MOST),
    rounds: wholeNumber("--rounds", values.rounds, MOST),
  };
  printMachine();
  for (const name of values.only.split(",")) printTrial(name, await trialNamed(parts, name)(scale));
}

await main();
