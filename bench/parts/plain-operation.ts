import { availableParallelism } from "node:os";
import { atLeast } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { measureThroughput, type Side, type Throughput, throughputResult } from "../throughput.ts";

const threads = availableParallelism();
const body = '{"hello":"world"}';
const loop: Side = { name: "offloop, async", file: "offloop", path: "/", body };
const thread: Side = {
  name: "offloop, plain",
  file: "offloop",
  settings: { threads, reserve: 0 },
  path: "/plain",
  body,
};

/** What no server of Node can do more than on this machine. */
const ceiling: Side = { name: "node:http", file: "node-http", path: "/", body };

/** Enough to hide the way there and back. */
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
/** Piscina's own defaults, the first of them: as here, a call waits in the queue until a thread is free for it. */
const asDelivered: Side = { ...(piscinas[0] as Side), name: "Fastify + piscina, as delivered" };

/**
 * (b) The same operation on threads, against the loop and against the same server with piscina: as it is delivered, and
 * at its best.
 */
export async function measurePlainOperation(bench: Bench): Promise<PartResult[]> {
  bench.say("which settings are best for piscina");
  const tried = await measureThroughput(piscinas, bench, 1);
  const best = bestOf(tried);
  const atBest: Side = {
    ...(piscinas.find(({ name }) => name === best.name) as Side),
    name: "Fastify + piscina, at its best",
  };
  const sides = await measureThroughput([ceiling, loop, asDelivered, atBest, thread], bench);
  const result = throughputResult(
    `(b) the same operation as a plain function, ${threads} threads each`,
    sides,
    [
      { ours: ceiling.name, peer: atBest.name },
      { ours: thread.name, peer: loop.name, goal: (what, ratio) => atLeast(0.7, what, ratio) },
      { ours: thread.name, peer: asDelivered.name, goal: (what, ratio) => atLeast(2, what, ratio) },
      { ours: thread.name, peer: atBest.name, goal: (what, ratio) => atLeast(2, what, ratio) },
    ],
    [
      `piscina at its best of six settings: ${best.name}, FixedQueue, recordTiming off, as many threads from the start`,
      "with several calls a thread, one that is stuck holds those behind it, which offloop calls back",
      "where node:http itself is less than 2 x a peer, no server of Node can reach 2 x it on this machine",
      "offloop sends the request to the thread and gets its JSON back; piscina is sent null and gives an object, encoded on the loop",
    ],
  );
  return [{ ...result, measured: { ...(result.measured as object), piscina: { best: best.name, tried } } }];
}

function bestOf(tried: readonly Throughput[]): Throughput {
  return tried.reduce((best, one) => (one.summary.median > best.summary.median ? one : best));
}
