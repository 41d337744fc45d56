import type { Bench } from "./part.ts";
import { type ServerProcess, withServers } from "./server-process.ts";
import { checkAnswer, type Side } from "./side.ts";
import { CONNECTIONS, measureSlice, type Slice } from "./slice.ts";
import { formatNumber } from "./table.ts";

/**
 * After so many rounds the servers start anew: how well V8 has compiled a program differs from one start to the next,
 * and must not be taken for a difference between programs.
 */
const ROUNDS_A_START = 3;

/** Who takes turns with whom, and how often. */
export interface Turns {
  readonly sides: readonly Side[];
  /** Those of them that run twice, in a process each: what differs between the two is no difference. */
  readonly twice: readonly Side[];
  readonly rounds: number;
}

/** What a side did in every round. */
export interface Measured {
  readonly name: string;
  /** Its response's headers, as `name: value`, without those whose value is another each time. */
  readonly headers: readonly string[];
  readonly rounds: readonly Slice[];
  /** What its second process did in the same rounds. */
  readonly again: readonly Slice[] | undefined;
}

/** Measures sides in turns, slice after slice, while the servers of all stay up. */
export async function measureInTurns({ sides, twice, rounds }: Turns, bench: Bench): Promise<Measured[]> {
  const runs = [...sides, ...twice];
  const all = Array.from({ length: rounds }, (_, round) => round);
  const starts: Started[][] = [];
  for (let first = 0; first < rounds; first += ROUNDS_A_START)
    starts.push(await measureStart(runs, all.slice(first, first + ROUNDS_A_START), bench));
  const slicesOf = (run: number): Slice[] => starts.flatMap((start) => start[run]?.slices ?? []);
  return sides.map((side, at) => ({
    name: side.name,
    headers: starts[0]?.[at]?.headers ?? [],
    rounds: slicesOf(at),
    again: twice.includes(side) ? slicesOf(sides.length + twice.indexOf(side)) : undefined,
  }));
}

/** In which order a round takes its turns: every other one backwards, so that nobody always comes first. */
export function inTurn<T>(items: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? items : items.toReversed();
}

/** A side whose server is up. */
interface Started {
  readonly side: Side;
  readonly server: ServerProcess;
  readonly url: string;
  readonly headers: readonly string[];
  readonly slices: Slice[];
}

function measureStart(sides: readonly Side[], rounds: readonly number[], bench: Bench): Promise<Started[]> {
  return withServers(sides, async (servers) => {
    const started: Started[] = [];
    for (const [at, side] of sides.entries())
      started.push(await warmUp(side, servers[at] as ServerProcess, bench));
    for (const round of rounds) {
      bench.say(`round ${round + 1}`);
      for (const one of inTurn(started, round)) one.slices.push(await takeTurn(one, bench));
    }
    // A server that stopped answering half-way would only seem slow.
    for (const { side, url } of started) await checkAnswer(side, url);
    return started;
  });
}

async function warmUp(
  side: Side,
  server: ServerProcess,
  { generator, warmUpRequests }: Bench,
): Promise<Started> {
  const url = `${server.url}${side.path}`;
  const headers = await checkAnswer(side, url);
  for (let answered = 0; answered < warmUpRequests; ) {
    const load = generator.start(url, { connections: CONNECTIONS, seconds: 1 });
    answered += (await load.answered).requests;
  }
  return { side, server, url, headers, slices: [] };
}

async function takeTurn({ side, server, url }: Started, bench: Bench): Promise<Slice> {
  const slice = await measureSlice(server, url, { ...bench, seconds: bench.options.seconds });
  const { requestsPerSecond, cpuMicros } = slice;
  bench.say(
    `  ${side.name}: ${formatNumber(requestsPerSecond)} requests/s, ${formatNumber(cpuMicros, 1)} µs of CPU each`,
  );
  return slice;
}
