import { availableParallelism } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import type { Bench } from "./part.ts";
import { type ProbeSamples, probe } from "./probe.ts";
import { type ServerPlan, type ServerProcess, withServers } from "./server-process.ts";
import { percentile, type Summary, summarize } from "./statistics.ts";
import { inTurn } from "./turns.ts";

/** Requests per second: enough for percentiles, too few to load a server. */
export const PROBE_RATE = 200;
/** offloop's default, also used for piscina. */
export const poolThreads: number = Math.min(32, availableParallelism() + 4);
/** Twice what offloop's threads, including its reserve, can run: whenever one ends, the next is already waiting. */
export const LOAD_CONNECTIONS: number = 2 * (poolThreads + 1);
/** How much longer than its probe a load may run: a blocked loop answers the probe's last requests late. */
const LONGEST_STALL_S = 30;

/** A server whose `GET /` is probed while another of its routes computes. */
export interface LoadedSide extends ServerPlan {
  readonly name: string;
  /** The route that computes. */
  readonly computePath: string;
}

/** One turn of a side. */
export interface LoadedRound {
  readonly idle: ProbeSamples;
  readonly loaded: ProbeSamples;
  readonly worksPerSecond: number;
  /** Threads that ran a call before and after the probe, if the server can say. */
  readonly busy: readonly (number | undefined)[];
}

/** In milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** How fast `GET /` of a side was, idle and under load. */
export interface LoadedLatency {
  readonly name: string;
  readonly idle: Percentiles;
  readonly loaded: Percentiles;
  /** The percentiles of each round under load. */
  readonly p90Rounds: readonly number[];
  readonly p99Rounds: readonly number[];
  readonly worksPerSecond: Summary;
  readonly rounds: readonly LoadedRound[];
}

/** Measures sides in turns, while the servers of all stay up. */
export function measureLoadedLatency(
  sides: readonly LoadedSide[],
  rounds: number,
  bench: Bench,
): Promise<LoadedLatency[]> {
  return withServers(sides, async (servers) => {
    const all: LoadedRound[][] = sides.map(() => []);
    const pairs = sides.map((side, at) => ({ at, side, server: servers[at] as ServerProcess }));
    for (const { side, server } of pairs) await warmUp(server, side.computePath, bench);
    for (let round = 0; round < rounds; round++) {
      for (const { at, side, server } of inTurn(pairs, round)) {
        all[at]?.push(await measureRound(server, side.computePath, bench));
        bench.say(`round ${round + 1} of ${rounds}: ${side.name}`);
      }
    }
    return sides.map(({ name }, at) => describe(name, all[at] ?? []));
  });
}

/** A number of calls, not a time: on a busy machine a server whose loop computes may answer nothing for seconds. */
async function warmUp({ url }: ServerProcess, path: string, { generator }: Bench): Promise<void> {
  await generator.start(`${url}/`, { connections: 10, seconds: 1 }).answered;
  const compute = async (): Promise<unknown> => (await fetch(`${url}${path}`)).text();
  for (let times = 0; times < 2; times++)
    await Promise.all(Array.from({ length: LOAD_CONNECTIONS }, compute));
}

async function measureRound(
  server: ServerProcess,
  path: string,
  { generator, options }: Bench,
): Promise<LoadedRound> {
  await fetch(`${server.url}${path}`).then((response) => response.text()); // by now the leftovers of the last load have run
  const idle = await probe(server.url, PROBE_RATE, options.seconds);
  const load = generator.start(`${server.url}${path}`, {
    connections: LOAD_CONNECTIONS,
    seconds: options.seconds + LONGEST_STALL_S,
  });
  await wait(1000);
  const before = await server.report();
  const loaded = await probe(server.url, PROBE_RATE, options.seconds);
  load.stop();
  const after = await server.report();
  const { perSecond } = await load.answered;
  return { idle, loaded, worksPerSecond: perSecond, busy: [before.busy, after.busy] };
}

function describe(name: string, rounds: readonly LoadedRound[]): LoadedLatency {
  const loaded = rounds.map((round) => round.loaded.latencies);
  return {
    name,
    idle: percentilesOf(rounds.flatMap((round) => round.idle.latencies)),
    loaded: percentilesOf(loaded.flat()),
    p90Rounds: loaded.map((latencies) => percentile(latencies, 90)),
    p99Rounds: loaded.map((latencies) => percentile(latencies, 99)),
    worksPerSecond: summarize(rounds.map((round) => round.worksPerSecond)),
    rounds,
  };
}

/** Over the samples of all rounds together: a single round has too few for a p99. */
export function percentilesOf(latencies: readonly number[]): Percentiles {
  return {
    p50: percentile(latencies, 50),
    p90: percentile(latencies, 90),
    p99: percentile(latencies, 99),
    max: Math.max(...latencies),
  };
}
