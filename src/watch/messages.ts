import type { BlockReport } from "../channels/channels.ts";
import type { Timeline } from "./profile.ts";
import type { Gap } from "./pulse.ts";
import type { MarkWords, PulseWords } from "./shared-words.ts";

/** Data that the watchdog is started with. */
export interface WatchdogData {
  readonly marks: MarkWords;
  readonly pulse: PulseWords;
  readonly names: readonly string[];
  readonly thresholdMs: number;
  /** How to announce a block on stderr while it lasts: as text for people, or as a line of the log. */
  readonly announces: "text" | "json" | undefined;
  /** An expression that, evaluated in the main thread, returns a {@link Sight} as JSON. */
  readonly look: string;
}

/** A block that has ended, as far as the main thread knows it. */
export interface EndedBlock {
  readonly gap: Gap;
  readonly waitedRequests: number;
  readonly gcMs: number;
  /** Whether a debugger may have paused the main thread: then it may have slept at a breakpoint. */
  readonly mayBePause: boolean;
  /** Only at the development level. */
  readonly timeline: Timeline | undefined;
}

/** To the watchdog: marks were added, the pulse is fast again, or a block has ended. */
export type WatchdogOrder =
  | { readonly names: readonly string[] }
  | { readonly wake: true }
  | { readonly ended: EndedBlock };

/** From the watchdog: it is watching, what a block was, or that it may have been a breakpoint. */
export type WatchdogNews =
  | { readonly watching: true }
  | { readonly report: BlockReport; readonly log: LogAdvice }
  | { readonly unreported: true };

/** Whether to log a report, and how many for the same place were not logged since the last one. */
export interface LogAdvice {
  readonly due: boolean;
  readonly skipped: number;
}
