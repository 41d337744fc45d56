import type { AppTarget } from "../app/load.ts";
import type { ThreadSettings } from "../app/settings.ts";
import type { OffloopError } from "../errors/offloop-error.ts";

/** Values of dependencies, by their place in the list of all: made where the app is served, or given by a test. */
export type GivenValues = readonly (readonly [dependency: number, value: unknown])[];

/** What a pool needs to know. */
export interface PoolOptions extends Required<ThreadSettings> {
  readonly target: AppTarget;
  /** Names of all work; a call names its work by its index here. */
  readonly workIds: readonly string[];
  /** Values of dependencies that threads are started with. */
  readonly given: GivenValues;
  /** Told when a thread that was started on demand did not load the app. */
  readonly onStartFailure: (error: OffloopError) => void;
}
