import { comparisonResult } from "./comparison-result.ts";
import { type OperationName, operations } from "./operations.ts";
import type { Bench, PartResult } from "./part.ts";
import type { Side } from "./side.ts";
import type { Tree } from "./tree.ts";
import { measureInTurns } from "./turns.ts";

/** Compares an operation of this tree, in its current state, with the same operation of another tree. Both run twice. */
export async function compareTrees(operation: OperationName, other: Tree, bench: Bench): Promise<PartResult> {
  const ours: Side = { ...operations[operation], name: "this tree" };
  const theirs: Side = { ...ours, name: other.commit, root: other.root };
  const sides = [ours, theirs];
  return comparisonResult(
    operation,
    [{ ours: ours.name, peer: theirs.name }],
    await measureInTurns({ sides, twice: sides, rounds: bench.options.rounds }, bench),
    other.hasOtherDependencies
      ? [`${other.commit} asks for other dependencies: measured with this tree's`]
      : [],
  );
}
