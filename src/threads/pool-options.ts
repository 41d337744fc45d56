import type { ThreadSettings } from "../app/settings.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { WorkPlace } from "./call-error.ts";
import type { ThreadOptions } from "./thread-options.ts";

/** What a pool needs to know. */
export interface PoolOptions extends Required<Omit<ThreadSettings, "resourceLimits">>, ThreadOptions {
  /** All work, in the order of `workIds`; a call names its work by its index here. */
  readonly works: readonly WorkPlace[];
  /** Told when a thread that was started on demand did not load the app. */
  readonly onStartFailure: (error: OffloopError) => void;
}
