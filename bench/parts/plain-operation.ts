import { comparisonResult } from "../comparison-result.ts";
import { atLeast } from "../goal.ts";
import { operations, threads } from "../operations.ts";
import type { Bench, PartResult } from "../part.ts";
import type { Side } from "../side.ts";
import { percentile } from "../statistics.ts";
import { type Measured, measureInTurns } from "../turns.ts";

const { async: loop, plain: thread } = operations;
const { body } = thread;

/** The upper limit for any Node server on this machine. */
const ceiling: Side = { name: "node:http", file: "node-http", path: "/", body };

/** Enough to hide the round trip. */
const CALLS_AHEAD = 8;
const piscinas: readonly Side[] = (["sync", "async", "disabled"] as const).flatMap((atomics) =>
  [1, CALLS_AHEAD].map((callsPerThread) => ({
    name: `atomics "${atomics}", ${callsPerThread} a thread`,
    file: "fastify-piscina" as const,
    settings: { threads, atomics, callsPerThread },
    path: "/plain",
    body,
  })),
);
/** Piscina's own defaults, above all this one: as here, a call waits in the queue until a thread is free for it. */
const asDelivered: Side = { ...(piscinas[0] as Side), name: "Fastify + piscina, as delivered" };

/**
 * (b) The same operation on threads, compared with the loop and with the same server using piscina: with its defaults,
 * and at its best.
 */
export async function measurePlainOperation(bench: Bench): Promise<PartResult[]> {
  bench.say("which settings are best for piscina");
  const tried = await measureInTurns({ sides: piscinas, twice: [], rounds: 1 }, bench);
  const best = bestOf(tried);
  const atBest: Side = {
    ...(piscinas.find(({ name }) => name === best.name) as Side),
    name: "Fastify + piscina, at its best",
  };
  const sides = [ceiling, loop, asDelivered, atBest, thread];
  const result = comparisonResult(
    `(b) the same operation as a plain function, ${threads} threads each`,
    [
      { ours: ceiling.name, peer: atBest.name },
      { ours: thread.name, peer: loop.name, goal: (what, ratio) => atLeast(0.9, what, ratio) },
      { ours: thread.name, peer: asDelivered.name, goal: (what, ratio) => atLeast(2, what, ratio) },
      { ours: thread.name, peer: atBest.name, goal: (what, ratio) => atLeast(2, what, ratio) },
    ],
    await measureInTurns({ sides, twice: [thread], rounds: bench.options.rounds }, bench),
    [
      `piscina at its best of six settings: ${best.name}, FixedQueue, recordTiming off, as many threads from the start`,
      "with several calls a thread, one that is stuck holds those behind it, which offloop calls back",
      "where node:http itself is less than 2 x a peer, no server of Node can reach 2 x it on this machine",
      "offloop sends the request to the thread and gets its JSON back; piscina is sent null and gives an object, encoded on the loop",
    ],
  );
  return [{ ...result, measured: { ...(result.measured as object), piscina: { best: best.name, tried } } }];
}

function bestOf(tried: readonly Measured[]): Measured {
  const rate = ({ rounds }: Measured): number =>
    percentile(
      rounds.map(({ requestsPerSecond }) => requestsPerSecond),
      50,
    );
  return tried.reduce((best, one) => (rate(one) > rate(best) ? one : best));
}
