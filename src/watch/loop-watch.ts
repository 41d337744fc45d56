import type { Logger } from "pino";
import type { ResolvedWatch } from "../app/settings/watch-settings.ts";
import { counted } from "../errors/counted.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import { fixText, reportText } from "./report-text.ts";
import { openWatch, type Watch } from "./watch.ts";

/**
 * Opens the watchdog that the settings ask for, and logs what it finds.
 *
 * @param isForReading - Whether a person reads the log.
 */
export function openLoopWatch(
  settings: ResolvedWatch | undefined,
  log: Logger,
  isForReading: boolean,
): Watch | undefined {
  if (settings === undefined) return undefined;
  const { thresholdMs, level, onBlock } = settings;
  return openWatch({
    thresholdMs,
    level,
    announces: log.isLevelEnabled("warn") ? (isForReading ? "text" : "json") : undefined,
    onBlock: (report, { due, skipped }) => {
      const repeated =
        skipped === 0 ? "" : ` (and ${counted(skipped, "time")} more there since the last line)`;
      if (due) log.warn({ blocked: report }, `${reportText(report, level)}${repeated}${fixText(report)}`);
      try {
        onBlock?.(report);
      } catch (thrown) {
        const error = describeError(thrown);
        log.error({ err: loggable(error) }, `watch.onBlock failed: ${error.message}`);
      }
    },
    onFailure: (error) => log.error({ err: error }, `nothing watches the event loop: ${error.message}`),
  });
}
