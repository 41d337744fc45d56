import type { ResourceLimits } from "node:worker_threads";
import type { AppTarget } from "../app/load.ts";
import type { LogLine } from "./messages.ts";

/** What a thread is made of. */
export interface ThreadOptions {
  readonly target: AppTarget;
  readonly workIds: readonly string[];
  readonly resourceLimits: ResourceLimits;
  readonly logLevel: string;
  readonly onLog: (line: LogLine) => void;
}
