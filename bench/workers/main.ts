import { parseArgs } from "node:util";
import { printMachine, printTrial, type Trials, trialNamed, wholeNumber } from "../trial.ts";
import { alerts, starvation } from "./alerts.ts";
import { withoutPrometheus } from "./prometheus.ts";
import { kills, rolls } from "./restarts.ts";
import type { WorkersScale } from "./scale.ts";

const MOST = 99_999;

const parts: Trials<WorkersScale> = {
  alerts,
  starvation,
  kills,
  rolls,
};

/**
 * What an operator of several workers learns, from a real Prometheus with the alert rules of the package, and what
 * restarts lose.
 *
 * npm run bench:workers -- [--only alerts,starvation,kills,rolls] [--kills 20] [--rolls 20] [--per-second 500] [--calm
 * 30] [--scrape 5]
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: Object.keys(parts).join(",") },
      kills: { type: "string", default: "20" },
      rolls: { type: "string", default: "20" },
      "per-second": { type: "string", default: "500" },
      calm: { type: "string", default: "30" },
      scrape: { type: "string", default: "5" },
    },
  });
  const scale = {
    kills: wholeNumber("--kills", values.kills, MOST),
    rolls: wholeNumber("--rolls", values.rolls, MOST),
    perSecond: wholeNumber("--per-second", values["per-second"], MOST),
    calmS: wholeNumber("--calm", values.calm, MOST),
    scrapeS: wholeNumber("--scrape", values.scrape, MOST),
  };
  printMachine();
  for (const name of values.only.split(",")) {
    const missing = name === "rolls" ? undefined : withoutPrometheus();
    if (missing !== undefined) {
      console.log(`\n(${name}) SKIPPED: ${missing}`);
      process.exitCode = 1;
    } else printTrial(name, await trialNamed(parts, name)(scale));
  }
}

process.once("SIGTERM", () => process.exit(1)); // everything that was started goes with it
await main();
