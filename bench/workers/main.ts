import { inspect, parseArgs } from "node:util";
import { describeMachine } from "../machine.ts";
import { alerts, starvation } from "./alerts.ts";
import { withoutPrometheus } from "./prometheus.ts";
import { kills, rolls } from "./restarts.ts";
import type { WorkersResult, WorkersScale } from "./result.ts";

const parts: Readonly<Record<string, (scale: WorkersScale) => Promise<WorkersResult>>> = {
  alerts,
  starvation,
  kills,
  rolls,
};

/**
 * What an operator of several workers is told, by a real Prometheus with the alert rules of the package, and what
 * restarts lose.
 *
 * npm run bench:workers -- [--only alerts,starvation,kills,rolls] [--kills 20] [--rolls 20] [--per-second 500] [--calm 30] [--scrape 5]
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
    kills: whole("--kills", values.kills),
    rolls: whole("--rolls", values.rolls),
    perSecond: whole("--per-second", values["per-second"]),
    calmS: whole("--calm", values.calm),
    scrapeS: whole("--scrape", values.scrape),
  };
  const { date, node, cpu, cores, loadBefore } = describeMachine();
  console.log(`${date}  Node ${node}  ${cpu}, ${cores} cores, load average before: ${loadBefore.toFixed(1)}`);
  for (const name of values.only.split(",")) {
    const missing = name === "rolls" ? undefined : withoutPrometheus();
    if (missing !== undefined) {
      console.log(`\n(${name}) SKIPPED: ${missing}`);
      process.exitCode = 1;
    } else print(name, await partOf(name)(scale));
  }
}

function partOf(name: string): (scale: WorkersScale) => Promise<WorkersResult> {
  const part = parts[name];
  if (part !== undefined) return part;
  throw new RangeError(`--only: expected some of ${Object.keys(parts).join(",")}, got "${name}"`);
}

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new RangeError(`${name}: expected a whole number of 1-99999, got "${text}"`);
}

/** A goal that is missed is the run's failure. */
function print(part: string, { figures, goals }: WorkersResult): void {
  console.log(`\n(${part})`, inspect(figures, { depth: 5 }));
  for (const { what, figure, direction, bound, met } of goals) {
    console.log(`${met ? "met   " : "MISSED"}  ${what}: ${figure}, ${direction} ${bound}`);
    if (!met) process.exitCode = 1;
  }
}

process.once("SIGTERM", () => process.exit(1)); // and what was started goes with it
await main();
