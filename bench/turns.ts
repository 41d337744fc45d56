import type { Bench } from "./part.ts";
import { type ServerProcess, withServers } from "./server-process.ts";
import { checkAnswer, type Side } from "./side.ts";
import { CONNECTIONS, type Slice, SliceMeter } from "./slice.ts";
import { formatNumber } from "./table.ts";
import { TurnLoad } from "./turn-load.ts";

/**
 * After this many rounds the servers restart: how well V8 has compiled a program varies from one start to the next, and
 * must not be taken for a difference between programs.
 */
const ROUNDS_A_START = 3;

/**
 * How many turns a side has in a round. The speed of a machine that others use changes from one moment to
 * the next: if a side's second is split into ten pieces between those of the others, all sides get their
 * share of fast and slow moments.
 */
const TURNS_A_ROUND = 10;

/** Which sides take turns, and how often. */
export interface Turns {
  readonly sides: readonly Side[];
  /** Sides that run twice, in a process each: a difference between the two is no real difference. */
  readonly twice: readonly Side[];
  readonly rounds: number;
}

/** What a side did in every round. */
export interface Measured {
  readonly name: string;
  /** Its response's headers, as `name: value`, except those with a different value each time. */
  readonly headers: readonly string[];
  readonly rounds: readonly Slice[];
  /** What its second process did in the same rounds. */
  readonly again: readonly Slice[] | undefined;
}

/** Measures sides in turns, while the servers of all stay up. */
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

/** The order of turns: every other time backwards, so that no side always comes first. */
export function inTurn<T>(items: readonly T[], time: number): readonly T[] {
  return time % 2 === 0 ? items : items.toReversed();
}

/** A side whose server is up. */
interface Started {
  readonly side: Side;
  readonly server: ServerProcess;
  readonly url: string;
  readonly load: TurnLoad;
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
      await measureRound(started, bench);
    }
    // A server that stopped answering half-way would only seem slow.
    for (const { side, url, load } of started) {
      load.close();
      await checkAnswer(side, url);
    }
    return started;
  });
}

async function warmUp(side: Side, server: ServerProcess, { warmUpRequests }: Bench): Promise<Started> {
  const url = `${server.url}${side.path}`;
  const headers = await checkAnswer(side, url);
  const load = await TurnLoad.open(url, CONNECTIONS);
  for (let answered = 0; answered < warmUpRequests; ) answered += (await load.run(1_000)).requests;
  return { side, server, url, load, headers, slices: [] };
}

async function measureRound(
  started: readonly Started[],
  { options, countsInstructions, say }: Bench,
): Promise<void> {
  const meters = started.map((one) => ({
    ...one,
    meter: new SliceMeter(one.server, one.load, countsInstructions),
  }));
  for (let turn = 0; turn < TURNS_A_ROUND; turn++)
    for (const { meter } of inTurn(meters, turn))
      await meter.takeTurn((options.seconds * 1_000) / TURNS_A_ROUND);
  for (const { side, slices, meter } of meters) {
    const slice = await meter.end();
    slices.push(slice);
    const perSecond = formatNumber(slice.requestsPerSecond);
    say(`  ${side.name}: ${perSecond} requests/s, ${formatNumber(slice.cpuMicros, 1)} µs of CPU each`);
  }
}
