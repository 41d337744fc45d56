import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Asker, createAsker } from "./asker.ts";
import { doHarm } from "./faults.ts";
import { askOnAndOn } from "./load.ts";
import { judgeMemory } from "./memory.ts";
import { createRandom } from "./random.ts";
import { type ServerProcess, type State, startServer } from "./server-process.ts";
import { SmallDisk } from "./small-disk.ts";
import { Tally } from "./tally.ts";

const CLIENTS = 24;
const SAMPLE_MS = 500;
/** Load comes in rounds; after each, what remains is examined. */
const ROUND_MS = 6_000;

/** The findings of a soak. */
interface Found {
  readonly harm: ReadonlyMap<string, number>;
  readonly settled: readonly State[];
  readonly mostRss: number;
}

/** Runs a mixed load with random faults; says what was lost, and whether memory, files or handles were kept. */
async function soak(seconds: number, seed: number): Promise<boolean> {
  console.log(`soak: ${seconds} s, seed ${seed} (repeat with --seconds ${seconds} --seed ${seed})`);
  const disk = new SmallDisk();
  try {
    const server = await startServer(disk.folder);
    const tally = new Tally();
    const ask = createAsker(server.url, tally, CLIENTS * 8);
    const found = await load({ server, ask }, seconds * 1000, seed);
    ask.close();
    if (server.hasDied) {
      console.log("the server has died");
      return false;
    }
    const left = await server.close();
    return report(found, tally, { handles: left, files: disk.files, isSmall: disk.isSmall });
  } finally {
    disk.remove();
  }
}

/** The two sides of a soak. */
interface Sides {
  readonly server: ServerProcess;
  readonly ask: Asker;
}

/** Rounds of load for this long: settling time does not count, so that a slow machine runs as many. */
async function load({ server, ask }: Sides, ms: number, seed: number): Promise<Found> {
  const random = createRandom(seed);
  const harm = new Map<string, number>();
  const settled: State[] = [];
  let mostRss = 0;
  for (let left = ms; left > 0 && !server.hasDied; left -= ROUND_MS) {
    const until = performance.now() + Math.min(left, ROUND_MS);
    const goesOn = (): boolean => performance.now() < until && !server.hasDied;
    const sample = async (): Promise<void> => {
      for (; goesOn(); await pause(SAMPLE_MS)) mostRss = Math.max(mostRss, (await server.state()).rss);
    };
    const clients = Array.from({ length: CLIENTS }, () =>
      askOnAndOn(ask, createRandom(random.below(2 ** 31)), goesOn),
    );
    const [done] = await Promise.all([doHarm(ask, server.url, random, goesOn), sample(), ...clients]);
    for (const [name, count] of done) harm.set(name, (harm.get(name) ?? 0) + count);
    if (!server.hasDied) settled.push(await server.settled());
  }
  return { harm, settled, mostRss };
}

interface Left {
  readonly handles: readonly string[];
  readonly files: readonly string[];
  /** Whether uploads had a small disk of their own. */
  readonly isSmall: boolean;
}

function report(found: Found, tally: Tally, { handles, files, isSmall }: Left): boolean {
  const { ended = 0, busy = 0, waiting = 0 } = found.settled.at(-1) ?? {};
  const memory = judgeMemory(found);
  const isFull = isSmall ? `${tally.byStatus.get(507) ?? 0} times` : "never: no small disk could be mounted";
  for (const [name, value] of [
    ["faults", counts(found.harm)],
    ["requests sent", tally.sent],
    ["answered", `${tally.answered} (${counts(tally.byStatus)})`],
    ["hung up by us", tally.abandoned],
    ["lost or wrong", `${tally.lostCount} ${counts(tally.lost)}`],
    ["the disk was full", isFull],
    ["threads replaced", ended],
    ["calls left", `${busy} running, ${waiting} waiting`],
    ...memory.map(({ text }) => ["memory", text] as const),
    ["open handles", handles.length === 0 ? "none" : handles.join(", ")],
    ["files left", files.length === 0 ? "none" : files.join(", ")],
  ] as const)
    console.log(`${name.padEnd(17)} ${value}`);
  const isLeft = handles.length + files.length + busy + waiting > 0;
  return tally.lostCount === 0 && !isLeft && memory.every(({ isRight }) => isRight);
}

function counts(map: ReadonlyMap<string | number, number>): string {
  return [...map]
    .map(([name, count]) => `${name}: ${count}`)
    .sort()
    .join(", ");
}

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
process.exitCode = (await soak(Number(values.seconds ?? 60), seed)) ? 0 : 1;
