import type { BlockReport } from "../../channels/channels.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { integer } from "../integer.ts";
import type { Resolved } from "./resolved.ts";

/** The settings of the watchdog, which reports what blocks the event loop. */
export interface WatchSettings {
  /** How long the loop must not turn before it is reported. Milliseconds, 20-60,000. Default 100. */
  readonly thresholdMs?: number | undefined;
  /**
   * `"production"` costs 2-3 % of a request that does nothing. `"development"` costs somewhat more, and also finds the
   * operation and the line inside native calls. Default `"production"`; `offloop dev` sets `"development"`.
   */
  readonly level?: "production" | "development" | undefined;
  /** Called with every report, even one that is not logged because the same place was reported a moment ago. */
  readonly onBlock?: ((report: BlockReport) => void) | undefined;
}

/** The watchdog's settings with every default filled in. */
export type ResolvedWatch = Resolved<Omit<WatchSettings, "onBlock">> & Pick<WatchSettings, "onBlock">;

/** The names of all these settings. */
export const watchSettingNames: Readonly<Record<keyof WatchSettings, true>> = {
  thresholdMs: true,
  level: true,
  onBlock: true,
};

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
export function resolveWatch({
  thresholdMs = 100,
  level = "production",
  onBlock,
}: WatchSettings): ResolvedWatch {
  integer("watch.thresholdMs", thresholdMs, [20, 60_000]);
  if (level !== "production" && level !== "development") {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use watch.level: expected "production" or "development", got ${shownValue(level)}`,
      { fix: "use one of the two, or leave watch.level out" },
    );
  }
  return { thresholdMs, level, ...(onBlock && { onBlock }) };
}
