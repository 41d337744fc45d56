import { OffloopError } from "../errors/offloop-error.ts";
import type { LogLevel } from "../http/logger.ts";

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for what is no level. */
export function checkedLevel(level: string): LogLevel {
  const known = levels.find((candidate) => candidate === level);
  if (known !== undefined) return known;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use --log-level: expected one of ${levels.join(", ")}, got "${level}"`,
    { fix: "give one of these" },
  );
}
