import { comparisonResult } from "../comparison-result.ts";
import { atLeast } from "../goal.ts";
import { onThreads, operations } from "../operations.ts";
import type { Bench, PartResult } from "../part.ts";
import type { Side } from "../side.ts";
import { measureInTurns } from "../turns.ts";

const { async: loop, plain } = operations;
const { path, body } = loop;
const query = "?page=2&limit=50&active=true";
const queryBody = '{"page":2,"limit":50,"active":true}';

const nodeHttp: Side = { name: "node:http", file: "node-http", path, body };
const fastify: Side = { name: "Fastify", file: "fastify", path, body };
const fastifyAtBest: Side = {
  ...fastify,
  name: "Fastify, at its best",
  settings: { optimizeEmptyRequests: true },
};
const fastifyQuery: Side = {
  name: "Fastify, 3 parameters",
  file: "fastify-zod",
  path: `/query${query}`,
  body: queryBody,
};
const loopQuery: Side = {
  name: "offloop, async, 3 parameters",
  file: "offloop-zod",
  path: `/query${query}`,
  body: queryBody,
};
const plainQuery: Side = {
  name: "offloop, plain, 3 parameters",
  file: "offloop-zod",
  settings: onThreads,
  path: `/plain-query${query}`,
  body: queryBody,
};

/** (a) An async operation compared with what it is built on, and the cost of reading and validating three parameters. */
export async function measureAsyncOperation(bench: Bench): Promise<PartResult[]> {
  const sides = [nodeHttp, fastify, fastifyAtBest, loop, fastifyQuery, loopQuery, plain, plainQuery];
  const result = comparisonResult(
    "(a) an async operation that answers JSON, and one with three coerced query parameters",
    [
      { ours: fastify.name, peer: nodeHttp.name },
      { ours: loop.name, peer: fastify.name, goal: (what, ratio) => atLeast(0.95, what, ratio) },
      { ours: loop.name, peer: fastifyAtBest.name, cpuGoal: (what, gain) => atLeast(1, what, gain) },
      { ours: loop.name, peer: nodeHttp.name },
      { ours: fastifyQuery.name, peer: fastify.name },
      { ours: loopQuery.name, peer: loop.name },
      { ours: loopQuery.name, peer: fastifyQuery.name },
      { ours: plainQuery.name, peer: plain.name },
    ],
    await measureInTurns({ sides, twice: [loop], rounds: bench.options.rounds }, bench),
    [
      "Fastify without a response schema: both encode with JSON.stringify. Logs off everywhere",
      "Fastify, at its best: with node:http's optimizeEmptyRequests, which offloop sets where an app has no plugins",
      "Fastify, 3 parameters: one z.object of coercing schemas, parsed in the handler",
    ],
  );
  return [result];
}
