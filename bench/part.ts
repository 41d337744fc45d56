import type { Goal } from "./goal.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { BenchOptions } from "./options.ts";
import type { Table } from "./table.ts";

/** What the parts share. */
export interface Bench {
  readonly options: BenchOptions;
  readonly generator: LoadGenerator;
  /** Whether `perf` counts the instructions of the servers. */
  readonly countsInstructions: boolean;
  /** What a server answers before its first turn. A number, not a time: on a busy machine that many take longer. */
  readonly warmUpRequests: number;
  /** PBKDF2 iterations that take about 50 ms here when nothing else runs. */
  readonly burnIterations: number;
  /** Reports progress. */
  readonly say: (progress: string) => void;
}

/** The result of a part: a table to read, and all measurements to keep. */
export interface PartResult {
  readonly title: string;
  readonly table: Table;
  readonly notes: readonly string[];
  readonly goals: readonly Goal[];
  /** Every round's figures, medians and ratios. */
  readonly measured: unknown;
}

export type Part = (bench: Bench) => Promise<PartResult[]>;
