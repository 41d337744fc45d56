import { setTimeout as wait } from "node:timers/promises";
import { atMost, type Goal } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ServerFile, type ServerProcess, withServer } from "../server-process.ts";
import { pairedRatios, percentile, type Summary, summarize } from "../statistics.ts";
import { formatNumber, formatRange } from "../table.ts";
import { inTurn } from "../turns.ts";

const MiB = 1_048_576;
const PATIENCE_MS = 60_000;
/** These figures vary little. */
const MOST_ROUNDS = 5;
const FASTIFY = "Fastify";
const ASYNC = "offloop, first request async";

interface Side {
  readonly name: string;
  readonly file: ServerFile;
  readonly path: string;
  readonly threads: number;
}

const sides: readonly Side[] = [
  { name: "node:http", file: "node-http", path: "/", threads: 0 },
  { name: FASTIFY, file: "fastify", path: "/", threads: 0 },
  { name: ASYNC, file: "offloop", path: "/", threads: 1 },
  ...[1, 6, 32].flatMap((threads): Side[] => [
    { name: "Fastify + piscina", file: "fastify-piscina", path: "/plain", threads },
    { name: "offloop", file: "offloop", path: "/plain", threads },
  ]),
  ...[1, 6].flatMap((threads): Side[] => [
    { name: "offloop, zod", file: "offloop-zod", path: "/plain-query?page=1&limit=1&active=1", threads },
    { name: "offloop, TypeScript", file: "offloop.ts", path: "/plain", threads },
  ]),
];

interface Round {
  /** From just before the process starts to the end of the first response. */
  readonly firstResponseMs: number;
  /** From there to the moment when all threads have loaded the module. */
  readonly allThreadsMs: number;
  readonly rssMiB: number;
}

interface Started {
  readonly side: Side;
  readonly firstResponse: Summary;
  readonly allThreads: Summary;
  readonly rss: Summary;
  readonly rounds: readonly Round[];
}

/** (e) Start-up time until the first response, and memory once all threads exist. */
export async function measureStartup({ options, say }: Bench): Promise<PartResult[]> {
  const rounds: Round[][] = sides.map(() => []);
  const count = Math.min(options.rounds, MOST_ROUNDS);
  for (let round = 0; round < count; round++) {
    for (const [at, side] of inTurn([...sides.entries()], round)) {
      rounds[at]?.push(await measureRound(side));
      say(`round ${round + 1} of ${count}: ${side.name}, ${side.threads} threads`);
    }
  }
  return [
    result(
      sides.map((side, at) => {
        const own = rounds[at] ?? [];
        return {
          side,
          firstResponse: summarize(own.map(({ firstResponseMs }) => firstResponseMs)),
          allThreads: summarize(own.map(({ allThreadsMs }) => allThreadsMs)),
          rss: summarize(own.map(({ rssMiB }) => rssMiB)),
          rounds: own,
        };
      }),
    ),
  ];
}

function measureRound({ file, path, threads }: Side): Promise<Round> {
  const settings = { threads: Math.max(1, threads), reserve: 0 };
  return withServer({ file, settings }, async (server) => {
    const response = await fetch(`${server.url}${path}`);
    await response.text();
    const answeredAt = performance.now();
    const firstResponseMs = answeredAt - server.spawnedAt;
    const allThreadsMs = (await startThreads(server, threads)) - answeredAt;
    const { rssBytes } = await server.report();
    return { firstResponseMs, allThreadsMs, rssMiB: rssBytes / MiB };
  });
}

/** Holds a thread with each request, so that a pool that grows on demand reaches its size. Returns when it had. */
async function startThreads(server: ServerProcess, threads: number): Promise<number> {
  let ready = (await server.report()).threads >= threads;
  if (ready) return performance.now();
  const hold = async (): Promise<void> => {
    while (!ready) await (await fetch(`${server.url}/hold`)).text();
  };
  const holds = Array.from({ length: threads }, hold);
  const deadline = performance.now() + PATIENCE_MS;
  while (!ready) {
    if (performance.now() > deadline) throw new Error(`no ${threads} threads within ${PATIENCE_MS} ms`);
    await wait(10);
    ready = (await server.report()).threads >= threads;
  }
  const readyAt = performance.now();
  await Promise.all(holds);
  return readyAt;
}

/** For an app whose first request is async and needs no thread. */
function firstResponseGoal(started: readonly Started[]): Goal {
  const roundsOf = (name: string): number[] =>
    started.flatMap(({ side, rounds }) =>
      side.name === name ? rounds.map(({ firstResponseMs }) => firstResponseMs) : [],
    );
  const ratios = pairedRatios(roundsOf(ASYNC), roundsOf(FASTIFY));
  return atMost(1.5, `first response: ${ASYNC} / ${FASTIFY}`, percentile(ratios, 50));
}

function result(started: readonly Started[]): PartResult {
  return {
    title: "(e) start-up to the first response in ms, and memory in MiB",
    table: {
      columns: ["", "threads", "first response", "min - max", "all threads after", "RSS", "per thread"],
      rows: started.map(({ side, firstResponse, allThreads, rss }) => {
        const single = started.find((other) => other.side.name === side.name && other.side.threads === 1);
        const further = side.threads - 1;
        return [
          side.name,
          String(side.threads),
          formatNumber(firstResponse.median),
          formatRange(firstResponse),
          further > 0 ? formatNumber(allThreads.median) : "",
          formatNumber(rss.median, 1),
          further > 0 && single ? formatNumber((rss.median - single.rss.median) / further, 1) : "",
        ];
      }),
    },
    notes: [
      "from before the process starts to the end of a response, which comes from a thread where there are any",
      "zod: the app declares three schemas; TypeScript: the app's file is not compiled, so each thread loads Node's type stripper",
      "piscina starts all its threads at once, offloop one, the others when calls wait: here, calls that hold a thread for 200 ms",
    ],
    goals: [firstResponseGoal(started)],
    measured: started,
  };
}
