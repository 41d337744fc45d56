import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createAsker } from "./asker.ts";
import { doHarm } from "./faults.ts";
import { askOnAndOn } from "./load.ts";
import { createRandom } from "./random.ts";
import { startServer } from "./server-process.ts";
import { Tally } from "./tally.ts";

const CLIENTS = 24;
const SAMPLE_MS = 500;
const REST_MS = 2_000;
/** How far memory may end above its plateau. */
const GROWTH = 1.2;

/** Mixed load with random faults; says what was lost, and whether memory or handles were kept. */
async function soak(seconds: number, seed: number): Promise<boolean> {
  console.log(`soak: ${seconds} s, seed ${seed} (repeat with --seconds ${seconds} --seed ${seed})`);
  const server = await startServer();
  const tally = new Tally();
  const until = performance.now() + seconds * 1000;
  const goesOn = (): boolean => performance.now() < until && !server.hasDied;
  const ask = createAsker(server.url, tally, CLIENTS * 8);
  const rss = [(await server.state()).rss];
  const sample = async (): Promise<void> => {
    for (; goesOn(); await pause(SAMPLE_MS)) rss.push((await server.state()).rss);
  };
  const clients = Array.from({ length: CLIENTS }, (_, n) =>
    askOnAndOn(ask, createRandom(seed + n + 1), goesOn),
  );
  const [harm] = await Promise.all([
    doHarm(ask, server.url, createRandom(seed), goesOn),
    sample(),
    ...clients,
  ]);
  ask.close();
  if (server.hasDied) {
    console.log("the server has died");
    return false;
  }
  await pause(REST_MS);
  const { rss: end, ended, busy, waiting } = await server.state();
  const left = await server.close();
  const plateau = median(rss.slice(Math.floor(rss.length / 2)));
  const isGrown = end > plateau * GROWTH;
  for (const [name, value] of [
    ["faults", counts(harm)],
    ["requests sent", tally.sent],
    ["answered", `${tally.answered} (${counts(tally.byStatus)})`],
    ["hung up by us", tally.abandoned],
    ["lost or wrong", `${tally.lostCount} ${counts(tally.lost)}`],
    ["threads replaced", ended],
    ["calls left", `${busy} running, ${waiting} waiting`],
    ["RSS", `start ${mib(rss[0])}, plateau ${mib(plateau)}, end ${mib(end)}${isGrown ? ": GROWN" : ""}`],
    ["open handles", left.length === 0 ? "none" : left.join(", ")],
  ] as const)
    console.log(`${name.padEnd(17)} ${value}`);
  return tally.lostCount === 0 && !isGrown && left.length === 0 && busy + waiting === 0;
}

function counts(map: ReadonlyMap<string | number, number>): string {
  return [...map]
    .map(([name, count]) => `${name}: ${count}`)
    .sort()
    .join(", ");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mib(bytes = 0): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
process.exitCode = (await soak(Number(values.seconds ?? 60), seed)) ? 0 : 1;
