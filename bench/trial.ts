import { inspect } from "node:util";
import type { Goal } from "./goal.ts";
import { describeMachine } from "./machine.ts";

/** The result of a part of a run that breaks things and counts what is lost. */
export interface TrialResult {
  readonly figures: object;
  readonly goals: readonly Goal[];
}

/** The parts of such a run, by the names that `--only` accepts. */
export type Trials<Scale> = Readonly<Record<string, (scale: Scale) => Promise<TrialResult>>>;

/** The part with a name. @throws {RangeError} When there is none. */
export function trialNamed<Scale>(trials: Trials<Scale>, name: string): Trials<Scale>[string] {
  const trial = trials[name];
  if (trial !== undefined) return trial;
  throw new RangeError(`--only: expected some of ${Object.keys(trials).join(",")}, got "${name}"`);
}

/** The value of an option. @throws {RangeError} Unless it is a whole number of 1 to `max`. */
export function wholeNumber(option: string, text: string, max: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= max) return Number(text);
  throw new RangeError(`${option}: expected a whole number of 1-${max}, got "${text}"`);
}

/** The first line of a run: where and when it was. */
export function printMachine(): void {
  const { date, node, cpu, cores, loadBefore } = describeMachine();
  console.log(`${date}  Node ${node}  ${cpu}, ${cores} cores, load average before: ${loadBefore.toFixed(1)}`);
}

/** A missed goal fails the run. */
export function printTrial(name: string, { figures, goals }: TrialResult): void {
  console.log(`\n(${name})`, inspect(figures, { depth: 5 }));
  for (const { what, figure, direction, bound, met } of goals) {
    console.log(`${met ? "met   " : "MISSED"}  ${what}: ${figure}, ${direction} ${bound}`);
    if (!met) process.exitCode = 1;
  }
}
