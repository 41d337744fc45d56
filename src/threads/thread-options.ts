import type { ResourceLimits } from "node:worker_threads";
import type { InputSettings } from "../app/input-settings.ts";
import type { AppTarget } from "../app/load.ts";
import type { LogLine } from "./log-line.ts";

/** Values of dependencies, by their place in the list of all: made where the app is served, or given by a test. */
export type GivenValues = readonly (readonly [dependency: number, value: unknown])[];

/** What a thread is made of. */
export interface ThreadOptions {
  readonly target: AppTarget;
  readonly workIds: readonly string[];
  /** Which of it has a deadline, in the same order. */
  readonly mayBeEnded: readonly boolean[];
  /** Values of dependencies that it is started with. */
  readonly given: GivenValues;
  /** Whether what calls carry has its trace around it. */
  readonly traced: boolean;
  /** Bounds on what its operations read. */
  readonly inputs: Required<InputSettings>;
  readonly resourceLimits: ResourceLimits;
  readonly logLevel: string;
  readonly onLog: (line: LogLine) => void;
}
