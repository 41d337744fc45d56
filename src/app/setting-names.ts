import type { SourceLocation } from "../errors/source-location.ts";
import type { InputSettings } from "./input-settings.ts";
import type { MetricsSettings } from "./metrics-settings.ts";
import { checkOptionNames } from "./option-names.ts";
import type {
  ConnectionSettings,
  HealthSettings,
  ServerSettings,
  ThreadSettings,
  TimeoutSettings,
} from "./settings.ts";
import type { WatchSettings } from "./watch-settings.ts";

type NamesOf<Settings> = Readonly<Record<keyof Settings, true>>;

/** The names of all settings. */
export const settingNames: NamesOf<ServerSettings> = {
  threads: true,
  timeouts: true,
  connections: true,
  health: true,
  metrics: true,
  rootPath: true,
  trustProxy: true,
  maxBodyBytes: true,
  inputs: true,
  shutdownGraceMs: true,
  watch: true,
};

const threads: NamesOf<ThreadSettings> = {
  max: true,
  reserve: true,
  idleMs: true,
  maxQueue: true,
  maxBackgroundQueue: true,
  resourceLimits: true,
};
const timeouts: NamesOf<TimeoutSettings> = { operationMs: true, taskMs: true };
const connections: NamesOf<ConnectionSettings> = {
  maxHeaderBytes: true,
  headersTimeoutMs: true,
  requestTimeoutMs: true,
  keepAliveTimeoutMs: true,
};
const inputs: NamesOf<InputSettings> = {
  maxLoopBodyBytes: true,
  maxLoopValues: true,
  maxValues: true,
  maxDepth: true,
  maxNames: true,
  maxMistakes: true,
  maxEchoedChars: true,
};
const health: NamesOf<HealthSettings> = { livez: true, readyz: true, port: true, host: true };
const metrics: NamesOf<MetricsSettings> = { path: true };
const watch: NamesOf<WatchSettings> = { thresholdMs: true, level: true, onBlock: true };

/** Looks into the settings that have several of their own. @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`. */
export function checkSettingNames(settings: ServerSettings, at: SourceLocation): void {
  for (const [name, known] of Object.entries({
    threads,
    timeouts,
    connections,
    inputs,
    health,
    metrics,
    watch,
  })) {
    const part = settings[name as keyof ServerSettings];
    if (typeof part === "object" && part !== null) checkOptionNames(`use ${name}`, part, known, at);
  }
}
