import { atMost, type Goal, goalCells } from "../goal.ts";
import {
  LOAD_CONNECTIONS,
  type LoadedLatency,
  type LoadedSide,
  measureLoadedLatency,
  PROBE_RATE,
  poolThreads,
} from "../latency.ts";
import type { Bench, PartResult } from "../part.ts";
import { type PrioritySides, priorityGoals, probeNote, sideNamed } from "../priority.ts";
import { formatNumber, formatRange } from "../table.ts";

const names: PrioritySides = {
  ours: "offloop",
  piscina: "Fastify + piscina",
  without: "offloop, threads.priority 0",
};
const idleClass = 'offloop, threads.priority "idle"';

/** (c) How fast `GET /` is while every thread computes, with and without the threads' lower priority. */
export async function measureLoopLatency(bench: Bench): Promise<PartResult[]> {
  const settings = { burnIterations: bench.burnIterations };
  const pool = { ...settings, minThreads: poolThreads + 1 }; // as lasting as piscina's, and the reserve
  const computePath = "/burn";
  const sides: readonly LoadedSide[] = [
    { name: "Fastify, work inline", file: "fastify", settings, computePath },
    { name: names.piscina, file: "fastify-piscina", settings, computePath },
    { name: names.without, file: "offloop", settings: { ...pool, priority: 0 }, computePath },
    { name: names.ours, file: "offloop", settings: pool, computePath },
    { name: idleClass, file: "offloop", settings: { ...pool, priority: "idle" }, computePath },
  ];
  return [result(await measureLoadedLatency(sides, bench.options.rounds, bench))];
}

function result(measured: readonly LoadedLatency[]): PartResult {
  const ours = sideNamed(measured, names.ours);
  const { p99 } = ours.loaded;
  const p99Goal = atMost(3, "offloop: p99 of GET / under load / idle", p99 / ours.idle.p99);
  const goals = [names, { ...names, ours: idleClass }].flatMap((sides) => priorityGoals(measured, sides));
  const busy = ours.rounds.flatMap((round) => round.busy.filter((count) => count !== undefined));
  return {
    title: `(c) GET / in ms, idle and while ${poolThreads} threads compute`,
    table: {
      columns: [
        "",
        "idle p50",
        "p99",
        "p50",
        "p90",
        "p99",
        "p90 of rounds",
        "p99 / idle",
        "goal",
        "",
        "work/s",
      ],
      rows: measured.map((side) => row(side, side === ours ? p99Goal : undefined)),
    },
    notes: [
      `${PROBE_RATE} requests/s, each on a connection on which nothing waits, counted from when it was due; load: ${LOAD_CONNECTIONS} connections, 50 ms of PBKDF2 a request`,
      `offloop's busy threads while probed: ${Math.min(...busy)}-${Math.max(...busy)}; piscina has ${poolThreads} threads, atomics "sync"`,
      ...goals.map(({ what, figure }) => `${what}: ${formatNumber(figure, 3)}`),
      probeNote(ours.rounds),
    ],
    goals: [p99Goal, ...goals],
    measured: measured.map(({ rounds: _, ...summary }) => summary),
  };
}

const ms = (value: number): string => formatNumber(value, 2);

function row(side: LoadedLatency, goal: Goal | undefined): string[] {
  const { name, idle, loaded, p90Rounds, worksPerSecond } = side;
  return [
    name,
    ms(idle.p50),
    ms(idle.p99),
    ms(loaded.p50),
    ms(loaded.p90),
    ms(loaded.p99),
    formatRange({ min: Math.min(...p90Rounds), max: Math.max(...p90Rounds) }, 2),
    formatNumber(loaded.p99 / idle.p99, 1),
    ...goalCells(goal),
    formatNumber(worksPerSecond.median, 1),
  ];
}
