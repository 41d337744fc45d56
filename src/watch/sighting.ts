import { Session } from "node:inspector";
import type { Sight } from "./sampler.ts";

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
export function ask(look: string, onAnswer: (sight: Sight | undefined) => void): void {
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
