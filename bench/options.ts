import { parseArgs } from "node:util";

/** The parts of the benchmark, in the order in which they run. */
export const partNames = ["a", "b", "c", "d", "e", "f"] as const;
export type PartName = (typeof partNames)[number];

/** What the command line says. */
export interface BenchOptions {
  readonly only: readonly PartName[];
  /** How long each side is measured in each round. */
  readonly seconds: number;
  readonly rounds: number;
}

/** @throws {RangeError} For a part that does not exist, or a number that is not a whole one from 1. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", default: partNames.join(",") },
      seconds: { type: "string", default: "2" },
      rounds: { type: "string", default: "5" },
    },
  });
  return {
    only: values.only.split(",").map(partName),
    seconds: count("--seconds", values.seconds),
    rounds: count("--rounds", values.rounds),
  };
}

function partName(text: string): PartName {
  const found = partNames.find((name) => name === text.trim());
  if (found !== undefined) return found;
  throw new RangeError(`--only: expected some of ${partNames.join(",")}, got "${text}"`);
}

/** Whole seconds, because wrk takes no others. */
function count(name: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new RangeError(`${name}: expected a whole number of 1-9999, got "${text}"`);
}
