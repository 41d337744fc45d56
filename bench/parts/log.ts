import { comparisonResult } from "../comparison-result.ts";
import { atLeast } from "../goal.ts";
import { operations } from "../operations.ts";
import type { Bench, PartResult } from "../part.ts";
import type { Side } from "../side.ts";
import { measureInTurns } from "../turns.ts";

const { async: silent, logged } = operations;
const fastify: Side = { name: "Fastify", file: "fastify", path: silent.path, body: silent.body };
const fastifyLogged: Side = { ...fastify, name: "Fastify, logged", settings: { log: true } };

/** (h) The cost of a log of all requests, written to a file, compared with Fastify's own. */
export async function measureLog(bench: Bench): Promise<PartResult[]> {
  const sides = [silent, logged, fastify, fastifyLogged];
  const result = comparisonResult(
    "(h) an async operation whose requests are logged",
    [
      { ours: logged.name, peer: fastifyLogged.name, goal: (what, ratio) => atLeast(1, what, ratio) },
      { ours: logged.name, peer: silent.name },
      { ours: fastifyLogged.name, peer: fastify.name },
    ],
    await measureInTurns({ sides, twice: [logged], rounds: bench.options.rounds }, bench),
    [
      "offloop logs a line for each request, once it is over; Fastify one when it comes and one when it is over",
      "both by pino, as JSON, to a file",
    ],
  );
  return [result];
}
