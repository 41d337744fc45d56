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

/** The sides of one lane; how many servers are up at once, each with caches of its own, changes what is measured. */
interface LaneSides {
  readonly title: string;
  readonly bare: Side;
  readonly passing: Side;
  readonly headed: Side;
  readonly within: Side;
}

const lanes: readonly LaneSides[] = [
  {
    title: "(g) an async operation within three arounds",
    bare: loop,
    passing: loopPassing,
    headed: loopHeaded,
    within: loopWithin,
  },
  {
    title: "(g) a plain operation within three arounds",
    bare: plain,
    passing: plainPassing,
    headed: plainHeaded,
    within: plainWithin,
  },
];

/**
 * (g) The cost of three arounds. Of those that pass the reply on, against an operation without; of those that set a header
 * each, against an operation that sets the same three itself, since what is compared must send the same.
 */
export async function measureArounds(bench: Bench): Promise<PartResult[]> {
  const results: PartResult[] = [];
  for (const lane of lanes) results.push(await measureLane(lane, bench));
  return results;
}

async function measureLane(
  { title, bare, passing, headed, within }: LaneSides,
  bench: Bench,
): Promise<PartResult> {
  const goal = (what: string, ratio: number) => atLeast(0.9, what, ratio);
  return comparisonResult(
    title,
    [
      { ours: passing.name, peer: bare.name, goal },
      { ours: within.name, peer: headed.name, goal },
      { ours: within.name, peer: bare.name },
    ],
    await measureInTurns(
      { sides: [bare, passing, headed, within], twice: [bare], rounds: bench.options.rounds },
      bench,
    ),
    [
      "3 arounds set a header each, unless they pass on",
      "that an app without arounds is as fast as before says: npm run bench -- --against <tree> --only async,plain",
    ],
  );
}
