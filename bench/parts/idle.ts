import { setTimeout as wait } from "node:timers/promises";
import { atMost, goalCells } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ServerFile, type ServerProcess, withServers } from "../server-process.ts";
import { summarize } from "../statistics.ts";
import { formatNumber, formatRange } from "../table.ts";

/** An idle server uses only a few milliseconds a second: it takes a while to show. */
const SECONDS_A_ROUND = 5;
const SETTLED_MS = 2_000;

const sides: readonly { readonly name: string; readonly file: ServerFile }[] = [
  { name: "node:http", file: "node-http" },
  { name: "Fastify", file: "fastify" },
  { name: "Fastify + piscina", file: "fastify-piscina" },
  { name: "offloop", file: "offloop" },
];

/** The CPU time of idle servers. All idle at the same time, for several periods. */
export async function measureIdleCpu({ options, say }: Bench): Promise<PartResult[]> {
  const shares: number[][] = sides.map(() => []);
  await withServers(sides, async (servers) => {
    for (const { url } of servers) await fetch(`${url}/`).then((response) => response.text());
    await wait(SETTLED_MS);
    for (let round = 0; round < options.rounds; round++) {
      const used = await Promise.all(servers.map(shareOfCore));
      for (const [at, share] of used.entries()) shares[at]?.push(share);
      say(`round ${round + 1} of ${options.rounds}`);
    }
  });
  const measured = sides.map(({ name }, at) => ({
    name,
    percent: summarize(shares[at] ?? []),
    rounds: shares[at],
  }));
  const ours = measured.at(-1)?.percent.median ?? Number.NaN;
  const goal = atMost(0.3, "offloop: CPU time while idle in % of a core", ours);
  return [
    {
      title: "CPU time while idle, in % of a core",
      table: {
        columns: ["", "median", "min - max", "goal", ""],
        rows: measured.map(({ name, percent }) => [
          name,
          formatNumber(percent.median, 3),
          formatRange(percent, 3),
          ...goalCells(name === "offloop" ? goal : undefined, " %"),
        ]),
      },
      notes: [`stretches of ${SECONDS_A_ROUND} s after each has answered once; no embedded database`],
      goals: [goal],
      measured,
    },
  ];
}

async function shareOfCore(server: ServerProcess): Promise<number> {
  const before = await server.cpuMicros();
  const startedAt = performance.now();
  await wait(SECONDS_A_ROUND * 1_000);
  const used = (await server.cpuMicros()) - before;
  return (used / 1_000 / (performance.now() - startedAt)) * 100;
}
