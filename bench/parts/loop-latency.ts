import { availableParallelism } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { atMost, type Goal, goalCells } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ProbeSamples, probe } from "../probe.ts";
import { type ServerFile, type ServerProcess, withServers } from "../server-process.ts";
import { percentile, type Summary, summarize } from "../statistics.ts";
import { formatNumber, formatRange } from "../table.ts";
import { inTurn } from "../turns.ts";

/** Requests per second: enough for a p99, too few to load a server. */
const RATE = 200;
/** offloop's default, given to piscina too. */
const threads = Math.min(32, availableParallelism() + 4);
/** Twice what offloop's threads, its reserve included, can run: whatever ends, the next one waits already. */
const CONNECTIONS = 2 * (threads + 1);
/** How much longer than its probe a load may run: a blocked loop answers the probe's last requests late. */
const LONGEST_STALL_S = 30;

const sides: readonly { readonly name: string; readonly file: ServerFile }[] = [
  { name: "Fastify, work inline", file: "fastify" },
  { name: "Fastify + piscina", file: "fastify-piscina" },
  { name: "offloop", file: "offloop" },
];

interface Round {
  readonly idle: ProbeSamples;
  readonly loaded: ProbeSamples;
  readonly burnsPerSecond: number;
  /** Threads that ran a call before and after the probe, where the server can say. */
  readonly busy: readonly (number | undefined)[];
}

/** (c) How fast `GET /` is while every thread computes. */
export async function measureLoopLatency(bench: Bench): Promise<PartResult[]> {
  const settings = { burnIterations: bench.burnIterations };
  const plans = sides.map(({ file }) => ({ file, settings }));
  const measured = await withServers(plans, async (servers) => {
    const all: Round[][] = sides.map(() => []);
    for (const server of servers) {
      await bench.generator.start(`${server.url}/`, { connections: 10, seconds: 1 }).answered;
      await bench.generator.start(`${server.url}/burn`, { connections: CONNECTIONS, seconds: 2 }).answered;
    }
    for (let round = 0; round < bench.options.rounds; round++) {
      for (const [at, server] of inTurn([...servers.entries()], round)) {
        all[at]?.push(await measureRound(server, bench));
        bench.say(`round ${round + 1} of ${bench.options.rounds}: ${sides[at]?.name}`);
      }
    }
    return sides.map(({ name }, at) => describe(name, all[at] ?? []));
  });
  return [result(measured)];
}

async function measureRound(server: ServerProcess, { generator, options }: Bench): Promise<Round> {
  await fetch(`${server.url}/burn`).then((response) => response.text()); // what the last load left has run by now
  const idle = await probe(server.url, RATE, options.seconds);
  const load = generator.start(`${server.url}/burn`, {
    connections: CONNECTIONS,
    seconds: options.seconds + LONGEST_STALL_S,
  });
  await wait(1000);
  const before = await server.report();
  const loaded = await probe(server.url, RATE, options.seconds);
  load.stop();
  const after = await server.report();
  const { perSecond } = await load.answered;
  return { idle, loaded, burnsPerSecond: perSecond, busy: [before.busy, after.busy] };
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The p99 of each round. */
  readonly p99Rounds: Summary;
}

interface Described {
  readonly name: string;
  readonly idle: Percentiles;
  readonly loaded: Percentiles;
  readonly p99Ratio: number;
  readonly burnsPerSecond: Summary;
  readonly rounds: readonly Round[];
}

function describe(name: string, rounds: readonly Round[]): Described {
  const idle = percentiles(rounds.map((round) => round.idle));
  const loaded = percentiles(rounds.map((round) => round.loaded));
  return {
    name,
    idle,
    loaded,
    p99Ratio: loaded.p99 / idle.p99,
    burnsPerSecond: summarize(rounds.map((round) => round.burnsPerSecond)),
    rounds,
  };
}

/** Of all rounds' samples together: a single round has too few for a p99. */
function percentiles(probes: readonly ProbeSamples[]): Percentiles {
  const all = probes.flatMap(({ latencies }) => latencies);
  return {
    p50: percentile(all, 50),
    p99: percentile(all, 99),
    max: Math.max(...all),
    p99Rounds: summarize(probes.map(({ latencies }) => percentile(latencies, 99))),
  };
}

function result(measured: readonly Described[]): PartResult {
  const ours = measured.find(({ name }) => name === "offloop") as Described;
  const goal = atMost(3, "offloop: p99 of GET / under load / idle", ours.p99Ratio);
  const ms = (value: number): string => formatNumber(value, 2);
  const row = (side: Described, sideGoal: Goal | undefined): string[] => [
    side.name,
    ms(side.idle.p50),
    ms(side.idle.p99),
    ms(side.loaded.p50),
    ms(side.loaded.p99),
    formatRange(side.loaded.p99Rounds, 2),
    formatNumber(side.p99Ratio, 1),
    ...goalCells(sideGoal),
    formatNumber(side.burnsPerSecond.median, 1),
  ];
  const busy = ours.rounds.flatMap((round) => round.busy.filter((count) => count !== undefined));
  const delays = ours.rounds.flatMap(({ loaded }) => loaded.delays);
  const preferred = ours.rounds.every(({ loaded }) => loaded.preferred);
  return {
    title: `(c) GET / in ms, idle and while ${threads} threads compute`,
    table: {
      columns: [
        "",
        "idle p50",
        "p99",
        "loaded p50",
        "p99",
        "p99 of rounds",
        "p99 / idle",
        "goal",
        "",
        "work/s",
      ],
      rows: measured.map((side) => row(side, side === ours ? goal : undefined)),
    },
    notes: [
      `${RATE} requests/s on one connection, counted from when each was due; load: ${CONNECTIONS} connections, 50 ms of PBKDF2 a request`,
      `offloop's busy threads while probed: ${Math.min(...busy)}-${Math.max(...busy)}; piscina has ${threads} threads, atomics "sync"`,
      `the probe ${preferred ? "goes before other processes" : "has no right to go before other processes"}; it sent late by ${ms(percentile(delays, 50))} ms (p50), ${ms(percentile(delays, 99))} ms (p99), part of the figures under load`,
    ],
    goals: [goal],
    measured,
  };
}
