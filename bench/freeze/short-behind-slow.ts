import { setTimeout as wait } from "node:timers/promises";
import { Connection } from "../connection.ts";
import { atMost } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ServerProcess, withServers } from "../server-process.ts";
import { summarize } from "../statistics.ts";
import { formatNumber, formatRange } from "../table.ts";
import { inTurn } from "../turns.ts";
import { fastApiNote, findPeers, LASTING, poolNote, roundsOf, withLastingPool } from "./peers.ts";

const SLOW_REQUESTS = 45;
/** By then the slow requests have reached the server. */
const HEAD_START_MS = 50;

interface Round {
  /** From sending the short request to its answer. */
  readonly shortMs: number;
  /** From sending the slow requests to the last answer. */
  readonly allSlowMs: number;
}

/** A short plain request that arrives after 45 slow ones. */
export async function measureShortBehindSlow(bench: Bench): Promise<PartResult[]> {
  const peers = withLastingPool(findPeers(bench));
  const rounds = roundsOf(bench);
  const all: Round[][] = peers.map(() => []);
  await withServers(peers, async (servers) => {
    for (const { url } of servers) for (const path of ["/short", "/slow"]) await askOften(url, path);
    for (let round = 0; round < rounds; round++) {
      for (const [at, server] of inTurn([...servers.entries()], round)) {
        all[at]?.push(await measureRound(server));
        bench.say(`round ${round + 1} of ${rounds}: ${peers[at]?.name}`);
      }
    }
  });
  const measured = peers.map(({ name, worksOn }, at) => ({
    name,
    worksOn,
    shortMs: summarize((all[at] ?? []).map(({ shortMs }) => shortMs)),
    allSlowMs: summarize((all[at] ?? []).map(({ allSlowMs }) => allSlowMs)),
  }));
  const ours = measured.find(({ name }) => name === LASTING)?.shortMs.median ?? Number.NaN;
  return [
    {
      title: `a short request behind ${SLOW_REQUESTS} slow ones, in ms`,
      table: {
        columns: ["", "blocking code on", "short request", "of rounds", "all slow ones"],
        rows: measured.map(({ name, worksOn, shortMs, allSlowMs }) => [
          name,
          worksOn,
          formatNumber(shortMs.median, shortMs.median < 100 ? 1 : 0),
          formatRange(shortMs, shortMs.median < 100 ? 1 : 0),
          formatNumber(allSlowMs.median),
        ]),
      },
      notes: [
        `each slow request blocks for 200 ms without computing, as a synchronous driver does; the short one comes ${HEAD_START_MS} ms after them, on a connection of its own`,
        poolNote,
        "FastAPI has 40 threads, so that it ends the slow ones soonest",
        ...fastApiNote(peers),
      ],
      goals: [atMost(50, "freeze: offloop's short request behind 45 slow ones in ms", ours)],
      measured,
    },
  ];
}

/** Gives a server that judges routes by their past durations something to judge by. */
async function askOften(url: string, path: string): Promise<void> {
  for (let times = 0; times < 5; times++) await fetch(`${url}${path}`).then((response) => response.text());
}

async function measureRound({ url }: ServerProcess): Promise<Round> {
  const short = await Connection.open(url);
  const slow = await Promise.all(Array.from({ length: SLOW_REQUESTS }, () => Connection.open(url)));
  let [shortAt, lastSlowAt] = [0, 0];
  const sentSlow = performance.now();
  for (const connection of slow)
    connection.send("/slow", (answeredAt) => {
      lastSlowAt = answeredAt;
    });
  await wait(HEAD_START_MS);
  const sentShort = performance.now();
  short.send("/short", (answeredAt) => {
    shortAt = answeredAt;
  });
  await Promise.all([short, ...slow].map((connection) => connection.drained()));
  for (const connection of [short, ...slow]) connection.close();
  return { shortMs: shortAt - sentShort, allSlowMs: lastSlowAt - sentSlow };
}
