import { readFileSync } from "node:fs";
import type { Goal } from "../goal.ts";
import type { Machine } from "../machine.ts";
import type { Table } from "../table.ts";

/** The results that a run of the benchmark has saved. */
export interface ResultsFile extends Machine {
  readonly generator: string;
  readonly options: { readonly rounds: number; readonly seconds: number };
  readonly parts: readonly ResultsPart[];
}

export interface ResultsPart {
  readonly part: string;
  readonly title: string;
  readonly table: Table;
  readonly notes: readonly string[];
  readonly goals: readonly Goal[];
  readonly measured: unknown;
}

/** @param name - A file of `bench/results/`. */
export function readResults(name: string): ResultsFile {
  const text = readFileSync(new URL(`../results/${name}`, import.meta.url), "utf8");
  return JSON.parse(text) as ResultsFile;
}

/** @throws {Error} When it was not measured in that run. */
export function partOf({ parts, date }: ResultsFile, name: string): ResultsPart {
  const found = parts.find(({ part }) => part === name);
  if (found === undefined) throw new Error(`the run of ${date} has not measured ${name}`);
  return found;
}
