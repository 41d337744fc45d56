import type { BlockReport } from "../channels/block-report.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { integer } from "./integer.ts";

/** The settings of the watchdog, which reports what blocks the event loop. */
export interface WatchSettings {
  /** From when on a loop that does not turn is reported. Milliseconds, 20-60,000. Default 100. */
  readonly thresholdMs?: number;
  /**
   * `"production"` costs 2-3 % of a request that does nothing. `"development"` costs some more and finds the operation
   * and the line inside native calls too. Default `"production"`; `offloop dev` sets `"development"`.
   */
  readonly level?: "production" | "development";
  /** Called with every report, also those that are not logged because the same place was a moment ago. */
  readonly onBlock?: (report: BlockReport) => void;
}

/** The watchdog's settings with every default filled in. */
export type ResolvedWatch = Required<Omit<WatchSettings, "onBlock">> & Pick<WatchSettings, "onBlock">;

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
export function resolveWatch({
  thresholdMs = 100,
  level = "production",
  onBlock,
}: WatchSettings): ResolvedWatch {
  integer("watch.thresholdMs", thresholdMs, 20, 60_000);
  if (level !== "production" && level !== "development") {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use watch.level: expected "production" or "development", got ${JSON.stringify(level)}`,
      { fix: "use one of the two, or leave watch.level out" },
    );
  }
  return { thresholdMs, level, ...(onBlock && { onBlock }) };
}
