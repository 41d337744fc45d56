import { Session } from "node:inspector";
import type { BlockReport } from "../channels/channels.ts";
import { ThreadsCpu } from "./cpu-use.ts";
import type { Gap } from "./pulse.ts";
import type { Sight } from "./sampler.ts";
import { clockMs } from "./shared-words.ts";

/** What runs in the main thread, as far as shared memory shows it. */
export interface Onlooker {
  running(): string | undefined;
  inProgress(): string[];
}

/** A block in progress: what the watchdog has seen of it so far. */
export class Block {
  readonly since: number;
  readonly sightings: Sighting[] = [];
  /** What the process's threads have had of the CPU since it was noticed. */
  readonly threads: ThreadsCpu = new ThreadsCpu();
  /** Whether the live line has been written. */
  isAnnounced = false;
  /** When the pending question was asked. */
  askedAt: number | undefined;
  #nextLookMs = 0;
  #onAnswer: (() => void) | undefined;

  constructor(since: number) {
    this.since = since;
  }

  /** Looks again once the block has lasted twice as long as at the last look. */
  lookWhenDue(lastedMs: number, thresholdMs: number, look: string, onlooker: Onlooker): void {
    if (this.askedAt !== undefined || lastedMs < this.#nextLookMs) return;
    this.#nextLookMs = Math.max(thresholdMs, lastedMs * 2);
    const askedAt = clockMs();
    this.askedAt = askedAt;
    const [running, inProgress] = [onlooker.running(), onlooker.inProgress()];
    ask(look, (sight) => {
      this.askedAt = undefined;
      if (sight !== undefined)
        this.sightings.push({ askedAt, silentMs: lastedMs, running, inProgress, sight });
      this.#onAnswer?.();
    });
  }

  /** Calls back when no question is pending, or when the answer is overdue. */
  whenAnswered(patienceMs: number, onAnswered: () => void): void {
    if (this.askedAt === undefined) {
      onAnswered();
      return;
    }
    const timer = setTimeout(() => this.#onAnswer?.(), patienceMs);
    this.#onAnswer = () => {
      this.#onAnswer = undefined;
      clearTimeout(timer);
      onAnswered();
    };
  }
}

/** What is known about a block, apart from what the main thread has counted. */
interface BlockSigns {
  /** How much of it garbage collection took. */
  readonly gcMs: number;
  /** The worst delay of the watchdog's own thread. */
  readonly latestMs: number;
  /** The longest that another thread of this process waited for a CPU that other processes had. */
  readonly crowdedOutMs: number;
}

/**
 * Whatever the main thread waits for, such as the threads that help to collect garbage, may be late several times over.
 */
const LATE_TURNS = 4;

/**
 * What the main thread did during a block. It was starved if there would have been no block had it got a CPU whenever
 * it wanted one, and if what it slept for may have been kept from the CPU: as this thread was, or as another was, which
 * may have held a lock that the main thread waited for.
 */
export function stateOf(
  { from, to, cpuMs, delayMs = 0 }: Gap,
  { gcMs, latestMs, crowdedOutMs }: BlockSigns,
  thresholdMs: number,
): BlockReport["state"] {
  // A wait that began before the block is counted in it.
  const ownMs = Math.max(cpuMs, to - from - delayMs);
  if (ownMs < thresholdMs) return delayMs > 0 ? "starved" : "computing";
  if (Math.max(cpuMs, gcMs) >= ownMs / 2) return "computing";
  return to - from < LATE_TURNS * latestMs || crowdedOutMs >= ownMs / 2 ? "starved" : "asleep";
}

/** A block is reported when it has ended, and others may have ended since. */
const KEPT_DELAYS = 16;

/** How late a thread has woken up recently: being late means that other processes want the CPU. */
export class Lateness {
  readonly #delays: { readonly at: number; readonly ms: number }[] = [];

  note(ms: number): void {
    this.#delays.push({ at: clockMs(), ms });
    if (this.#delays.length > KEPT_DELAYS) this.#delays.shift();
  }

  /** The longest delay since then. */
  longestSince(from: number): number {
    return Math.max(0, ...this.#delays.filter(({ at }) => at >= from).map(({ ms }) => ms));
  }
}

/** What the watchdog saw when it looked into the blocked main thread. */
export interface Sighting {
  readonly askedAt: number;
  /** How long the loop had not turned at that time. */
  readonly silentMs: number;
  /** The mark that was running then, by name; undefined when that was not known. */
  readonly running: string | undefined;
  /** The operations that were in progress then. */
  readonly inProgress: readonly string[];
  /** What the main thread answered, possibly later than it was asked. */
  readonly sight: Sight;
}

/** An answer that took longer than this waited for a native call to return. */
const PROMPT_MS = 10;
/** A sight this close to the end of a block may show what ran after the culprit. */
export const TAIL_MS = 5;

/** Whether what was seen is certain to have been running when the watchdog asked. */
export function isSure({ askedAt, sight }: Sighting, blockEnd: number): boolean {
  return sight.at - askedAt <= PROMPT_MS && sight.frames.length > 0 && blockEnd - sight.at >= TAIL_MS;
}

/** With this many runs of one operation in progress, those that await may get their turns one after another. */
const CROWD = 10;

/**
 * Whether what was seen had only just begun, in a long block: then the loop's turn is long because it contains many
 * short runs, and the one that was seen is no more to blame than the others.
 */
export function isOneOfMany({ askedAt, silentMs, sight }: Sighting): boolean {
  const { at, operation, ranMs, peers, idleMs } = sight;
  if (operation === undefined || ranMs === undefined) return false;
  // The silence includes what the loop waited for events before the turn began.
  const turnMs = silentMs + (at - askedAt) - idleMs;
  if (ranMs < turnMs / 2) return true;
  // A run that began before the block awaited something, and may have continued only a moment ago.
  return ranMs > turnMs && peers >= CROWD;
}

/**
 * Makes the main thread look at what it runs. Connects for this one question: nothing stays attached to the process. A
 * thread inside a native call answers when the call returns.
 *
 * @param onAnswer - Called with undefined when no answer could be had.
 */
function ask(look: string, onAnswer: (sight: Sight | undefined) => void): void {
  const session = new Session();
  session.connectToMainThread();
  session.post(
    "Runtime.evaluate",
    { expression: look, returnByValue: true, silent: true },
    (error, answer) => {
      session.disconnect();
      const text: unknown = error ? undefined : answer?.result?.value;
      onAnswer(typeof text === "string" ? (JSON.parse(text) as Sight) : undefined);
    },
  );
}
