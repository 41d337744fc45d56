import type { BlockReport } from "../channels/channels.ts";
import type { Timeline } from "./profile.ts";
import type { Gap } from "./pulse.ts";
import type { MarkWords, PulseWords } from "./shared-words.ts";

/** What the watchdog is started with. */
export interface WatchdogData {
  readonly marks: MarkWords;
  readonly pulse: PulseWords;
  readonly names: readonly string[];
  readonly thresholdMs: number;
  /** How a block is told of on stderr while it lasts: for people, or as a line of the log. */
  readonly announces: "text" | "json" | undefined;
  /** An expression that, evaluated in the main thread, gives a {@link Sight} as JSON. */
  readonly look: string;
}

/** A block that has ended, as far as the main thread knows it. */
export interface EndedBlock {
  readonly gap: Gap;
  readonly waitedRequests: number;
  readonly gcMs: number;
  /** In the development level only. */
  readonly timeline: Timeline | undefined;
}

/** For the watchdog: marks were added, the pulse is fast again, a block has ended. */
export type WatchdogOrder =
  | { readonly names: readonly string[] }
  | { readonly wake: true }
  | { readonly ended: EndedBlock };

/** From the watchdog: it watches, or what a block was. */
export type WatchdogNews =
  | { readonly watching: true }
  | { readonly report: BlockReport; readonly log: LogAdvice };

/** Whether a report is to be logged, and how many at the same place were not since the last one. */
export interface LogAdvice {
  readonly due: boolean;
  readonly skipped: number;
}
