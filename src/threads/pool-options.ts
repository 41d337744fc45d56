import type { ThreadSettings } from "../app/settings.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { WorkPlace } from "./call-error.ts";
import type { ThreadOptions } from "./thread-options.ts";

/** What a pool needs to know. */
export interface PoolOptions extends Required<Omit<ThreadSettings, "resourceLimits">>, ThreadOptions {
  /** All work, in the order of `workIds`; a call names its work by its index here. */
  readonly works: readonly WorkPlace[];
  /** How long a thread may take to load the app, in milliseconds. */
  readonly startMs: number;
  /** Told of threads that did not load the app, or ended while no call ran in them. */
  readonly onThreadFailure: (error: OffloopError) => void;
}
