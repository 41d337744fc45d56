import { comparisonResult } from "../comparison-result.ts";
import { atLeast } from "../goal.ts";
import { onThreads, operations } from "../operations.ts";
import type { Bench, PartResult } from "../part.ts";
import type { Side } from "../side.ts";
import { measureInTurns } from "../turns.ts";

const { async: loop, plain } = operations;
const loopWithin: Side = { ...loop, name: "offloop, async, 3 arounds", settings: { arounds: 3 } };
const plainWithin: Side = {
  ...plain,
  name: "offloop, plain, 3 arounds",
  settings: { ...onThreads, arounds: 3 },
};
const loopPassing: Side = {
  ...loop,
  name: "offloop, async, 3 arounds that pass on",
  settings: { passingArounds: 3 },
};
const plainPassing: Side = {
  ...plain,
  name: "offloop, plain, 3 arounds that pass on",
  settings: { ...onThreads, passingArounds: 3 },
};
const loopHeaded: Side = { ...loop, name: "offloop, async, 3 headers", path: "/headed" };
const plainHeaded: Side = { ...plain, name: "offloop, plain, 3 headers", path: "/plain-headed" };

/**
 * (g) The cost of three arounds. Of those that pass the reply on, against an operation without; of those that set a header
 * each, against an operation that sets the same three itself, since what is compared must send the same.
 */
export async function measureArounds(bench: Bench): Promise<PartResult[]> {
  const sides = [loop, loopPassing, loopHeaded, loopWithin, plain, plainPassing, plainHeaded, plainWithin];
  const goal = (what: string, ratio: number) => atLeast(0.9, what, ratio);
  const result = comparisonResult(
    "(g) an operation within three arounds",
    [
      { ours: loopPassing.name, peer: loop.name, goal },
      { ours: loopWithin.name, peer: loopHeaded.name, goal },
      { ours: loopWithin.name, peer: loop.name },
      { ours: plainPassing.name, peer: plain.name, goal },
      { ours: plainWithin.name, peer: plainHeaded.name, goal },
      { ours: plainWithin.name, peer: plain.name },
    ],
    await measureInTurns({ sides, twice: [loop], rounds: bench.options.rounds }, bench),
    [
      "3 arounds set a header each, unless they pass on",
      "that an app without arounds is as fast as before says: npm run bench -- --against <tree> --only async,plain",
    ],
  );
  return [result];
}
