import type { logLevels } from "../app/log.ts";

/** A line of the log on its way to the main thread. */
export interface LogLine {
  readonly level: (typeof logLevels)[number];
  readonly fields: object;
  readonly message: string | undefined;
}
