import { readFileSync } from "node:fs";
import { Session } from "node:inspector";
import type { Sight } from "./sampler.ts";
import { clockMs } from "./shared-words.ts";

/** Who runs in the main thread, as far as shared memory tells. */
export interface Onlooker {
  running(): string | undefined;
  inProgress(): string[];
}

/** A block under way: what the watchdog has seen of it so far. */
export class Block {
  readonly since: number;
  readonly sightings: Sighting[] = [];
  /** Whether the live line has been written. */
  isAnnounced = false;
  /** When the question was asked that has no answer yet. */
  askedAt: number | undefined;
  #nextLookMs = 0;
  #onAnswer: (() => void) | undefined;

  constructor(since: number) {
    this.since = since;
  }

  /** Looks again once the block has lasted twice as long as at the last time. */
  lookWhenDue(lastedMs: number, thresholdMs: number, look: string, onlooker: Onlooker): void {
    if (this.askedAt !== undefined || lastedMs < this.#nextLookMs) return;
    this.#nextLookMs = Math.max(thresholdMs, lastedMs * 2);
    const askedAt = clockMs();
    this.askedAt = askedAt;
    const [running, inProgress] = [onlooker.running(), onlooker.inProgress()];
    ask(look, (sight) => {
      this.askedAt = undefined;
      if (sight !== undefined) this.sightings.push({ askedAt, running, inProgress, sight });
      this.#onAnswer?.();
    });
  }

  /** Calls back when no question is open, or when the answer is overdue. */
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

/** What the operating system has counted for the main thread. Linux only; undefined elsewhere. */
interface CpuUse {
  readonly at: number;
  /** How long it was ready to run and had no CPU. */
  readonly delayMs: number;
}

function mainThreadCpuUse(): CpuUse | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1");
    const [, delay = 0] = text.split(" ").map(Number);
    return { at: clockMs(), delayMs: delay / 1e6 };
  } catch {
    return undefined;
  }
}

/** How many of each are kept: a block is reported when it has ended, and others may have ended since. */
const KEPT = 16;

/** What is known of other processes that want the CPU: how the main thread had to wait for it, and how this thread had. */
export class Starvation {
  /** At moments at which the main thread was well. */
  readonly #uses: CpuUse[] = [];
  readonly #delays: { readonly at: number; readonly ms: number }[] = [];

  /** The main thread is well. */
  noteBeat(): void {
    const use = mainThreadCpuUse();
    if (use !== undefined) keep(this.#uses, use);
  }

  /** This thread has woken so much later than it was to. */
  noteDelay(ms: number): void {
    keep(this.#delays, { at: clockMs(), ms });
  }

  /** How long the main thread has waited for a CPU since `from`, in milliseconds; 0 where the system does not say. */
  waitedSince(from: number): number {
    const now = mainThreadCpuUse();
    // One that was noted a little later than that misses little; one that was noted before counts what came before, too.
    const before = this.#uses.findLast(({ at }) => at <= from) ?? this.#uses[0];
    return now === undefined || before === undefined ? 0 : now.delayMs - before.delayMs;
  }

  /** The longest that this thread was late since `from`: as long as that, a thread that the main one waits for may have been, too. */
  latestSince(from: number): number {
    return Math.max(0, ...this.#delays.filter(({ at }) => at >= from).map(({ ms }) => ms));
  }
}

function keep<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > KEPT) items.shift();
}

/** What the watchdog saw when it looked into the blocked main thread. */
export interface Sighting {
  readonly askedAt: number;
  /** The mark that ran then, by name; undefined when that was not known. */
  readonly running: string | undefined;
  /** The operations that were in progress then. */
  readonly inProgress: readonly string[];
  /** What the main thread answered, which may be later than it was asked. */
  readonly sight: Sight;
}

/** An answer later than this waited for a native call to return. */
const PROMPT_MS = 10;
/** A sight so close to the end of a block may be of what ran after the culprit. */
export const TAIL_MS = 5;

/** Whether what was seen is surely what blocked. */
export function isSure({ askedAt, sight }: Sighting, blockEnd: number): boolean {
  return sight.at - askedAt <= PROMPT_MS && sight.frames.length > 0 && blockEnd - sight.at >= TAIL_MS;
}

/**
 * Has the main thread look at what it runs. Connects for this one question: nothing stays attached to the process.
 * A thread inside a native call answers when that returns.
 *
 * @param onAnswer - Called with undefined when there was no answer to be had.
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
