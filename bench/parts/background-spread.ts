import { setTimeout as wait } from "node:timers/promises";
import { Connection } from "../connection.ts";
import { atMost, goalCells } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ServerProcess, withServers } from "../server-process.ts";
import { type Summary, summarize } from "../statistics.ts";
import { formatNumber, formatRange } from "../table.ts";
import { inTurn } from "../turns.ts";

const CONNECTIONS = 50;
const counts = [1_000, 10_000];
const sides = [
  { name: "Fastify, by hand", file: "fastify" },
  { name: "offloop", file: "offloop" },
] as const;

interface Spread {
  readonly name: string;
  readonly tasks: number;
  /** First to last response as the client saw them, in milliseconds. */
  readonly responses: Summary;
  /** First to last end of a task. */
  readonly ends: Summary;
  readonly rounds: readonly Round[];
}

interface Round {
  readonly responsesMs: number;
  readonly endsMs: number;
}

/** (d) Requests that each add one async task of 500 ms: first to last end. */
export async function measureBackgroundSpread(bench: Bench): Promise<PartResult[]> {
  const spreads = await withServers(sides, async (servers) => {
    for (const server of servers) await measureRound(server, 1_000);
    const found: Spread[] = [];
    for (const tasks of counts) found.push(...(await measureCount(servers, tasks, bench)));
    return found;
  });
  return [result(spreads)];
}

async function measureCount(
  servers: readonly ServerProcess[],
  tasks: number,
  { options, say }: Bench,
): Promise<Spread[]> {
  const rounds: Round[][] = sides.map(() => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [at, server] of inTurn([...servers.entries()], round)) {
      rounds[at]?.push(await measureRound(server, tasks));
      say(`round ${round + 1} of ${options.rounds}: ${sides[at]?.name}, ${formatNumber(tasks)} tasks`);
    }
  }
  return sides.map(({ name }, at) => {
    const own = rounds[at] ?? [];
    return {
      name,
      tasks,
      responses: summarize(own.map(({ responsesMs }) => responsesMs)),
      ends: summarize(own.map(({ endsMs }) => endsMs)),
      rounds: own,
    };
  });
}

async function measureRound(server: ServerProcess, tasks: number): Promise<Round> {
  const responsesMs = await sendAll(server.url, tasks);
  const ends: number[] = [];
  while (ends.length < tasks) {
    await wait(100);
    ends.push(...((await server.report()).taskEnds ?? []));
  }
  return { responsesMs, endsMs: Math.max(...ends) - Math.min(...ends) };
}

/** Sends that many requests as fast as the server answers. Returns the time from the first to the last response. */
async function sendAll(url: string, count: number): Promise<number> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(url)));
  let left = count;
  let first: number | undefined;
  let last = 0;
  const send = (connection: Connection): void => {
    if (left-- <= 0) return;
    connection.send("/background", (answeredAt) => {
      first ??= answeredAt;
      last = answeredAt;
      send(connection);
    });
  };
  for (const connection of connections) send(connection);
  await Promise.all(connections.map((connection) => connection.drained()));
  for (const connection of connections) connection.close();
  return last - (first ?? last);
}

function result(spreads: readonly Spread[]): PartResult {
  const goals = spreads
    .filter(({ name, tasks }) => name === "offloop" && tasks === 1_000)
    .map(({ ends }) => atMost(100, "offloop: spread of 1,000 background tasks in ms", ends.median));
  return {
    title: "(d) async background tasks, one a request: first to last end in ms",
    table: {
      columns: ["", "tasks", "median", "min - max", "responses", "goal", ""],
      rows: spreads.map(({ name, tasks, ends, responses }) => [
        name,
        formatNumber(tasks),
        formatNumber(ends.median),
        formatRange(ends),
        formatNumber(responses.median),
        ...goalCells(name === "offloop" && tasks === 1_000 ? goals[0] : undefined, " ms"),
      ]),
    },
    notes: [
      `each task awaits 500 ms; ${CONNECTIONS} connections send as fast as they are answered, "responses" is from the first to the last of these`,
      "by hand: a function called when the response has finished; no order, no log, no shutdown that waits for it",
    ],
    goals,
    measured: spreads,
  };
}
