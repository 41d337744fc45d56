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

/** (b) The same operation on threads, against the loop and against the same server with piscina at its best. */
export async function measurePlainOperation(bench: Bench): Promise<PartResult[]> {
  bench.say("which settings are best for piscina");
  const tried = await measureThroughput(piscinas, bench, 1);
  const best = bestOf(tried);
  const piscina: Side = {
    ...(piscinas.find(({ name }) => name === best.name) as Side),
    name: "Fastify + piscina",
  };
  const sides = await measureThroughput([loop, piscina, thread], bench);
  const result = throughputResult(
    `(b) the same operation as a plain function, ${threads} threads each`,
    sides,
    [
      { ours: thread.name, peer: loop.name, goal: (what, ratio) => atLeast(0.7, what, ratio) },
      { ours: thread.name, peer: piscina.name, goal: (what, ratio) => atLeast(2, what, ratio) },
    ],
    [
      `piscina at its best of six settings: ${best.name}, FixedQueue, recordTiming off, as many threads from the start`,
      "offloop sends the request to the thread and gets its JSON back; piscina is sent null and gives an object, encoded on the loop",
    ],
  );
  return [{ ...result, measured: { ...(result.measured as object), piscina: { best: best.name, tried } } }];
}

function bestOf(tried: readonly Throughput[]): Throughput {
  return tried.reduce((best, one) => (one.summary.median > best.summary.median ? one : best));
}
