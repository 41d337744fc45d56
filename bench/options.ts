import { parseArgs } from "node:util";
import { type OperationName, operationNames } from "./operations.ts";
import { wholeNumber } from "./trial.ts";

/** The parts of the benchmark, in the order in which they run. */
export const partNames = [
  "a",
  "b",
  "c",
  "d",
  "e",
  "f",
  "g",
  "h",
  "idle",
  "sockets",
  "peers",
  "peers-threads",
  "workers",
  "freeze-computing",
  "freeze-short",
  "freeze-runaway",
  "freeze-tasks",
  "freeze-kill",
] as const;
export type PartName = (typeof partNames)[number];

const MOST = 9_999;

/** How often and for how long everything is measured. */
export interface BenchOptions {
  /** How long each side is measured in each round. */
  readonly seconds: number;
  readonly rounds: number;
}

/** What the command line asks for: parts, which compare with peers, or operations to compare with another tree. */
export type BenchPlan = BenchOptions &
  (
    | { readonly against: undefined; readonly only: readonly PartName[] }
    | { readonly against: string; readonly only: readonly OperationName[] }
  );

/** @throws {RangeError} For an unknown part or operation, or a number that is not an integer from 1. */
export function readOptions(args: readonly string[]): BenchPlan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      against: { type: "string" },
      only: { type: "string" },
      seconds: { type: "string", default: "1" },
      rounds: { type: "string", default: "9" },
    },
  });
  const { against, only } = values;
  const options = {
    seconds: wholeNumber("--seconds", values.seconds, MOST), // wrk accepts no fractions of a second
    rounds: wholeNumber("--rounds", values.rounds, MOST),
  };
  return against === undefined
    ? { ...options, against, only: someOf(partNames, only) }
    : { ...options, against, only: someOf(operationNames, only) };
}

function someOf<T extends string>(names: readonly T[], text: string | undefined): readonly T[] {
  return text === undefined ? names : text.split(",").flatMap((part) => namesOf(names, part.trim()));
}

/** `freeze` stands for all that begin with it. */
function namesOf<T extends string>(names: readonly T[], text: string): readonly T[] {
  const found = names.filter((name) => name === text || name.startsWith(`${text}-`));
  if (found.length > 0) return found;
  throw new RangeError(`--only: expected some of ${names.join(",")}, got "${text}"`);
}
