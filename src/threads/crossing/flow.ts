import { setImmediate } from "../../errors/timers.ts";
import type { ResultBatch, TakenCount, ThreadMessage } from "./messages.ts";

// What a thread says beside its results: its log lines, what it adds to them, and progress. A thread that says more than the event loop can
// take waits for it. Without this, a function that logs in an endless loop would fill the memory with its lines, and the
// loop would write them for seconds before it answered anybody else.

/** So much may be under way at once: 256 short lines, or one of any length. */
const MOST = 1_048_576;
/** What a line weighs besides its text. */
const LINE = 4_096;

type SaidMessage = Exclude<ThreadMessage, ResultBatch>;

/** The weight of a message; 0 where the thread says only as much as it is asked for. */
function weightOf(message: SaidMessage): number {
  if ("log" in message) return LINE + (message.log.message?.length ?? 0);
  return "progress" in message || "bindings" in message ? LINE : 0;
}

/** The thread's side. */
export class SaidMessages {
  readonly #taken: TakenCount;
  #said = 0;

  constructor(taken: TakenCount) {
    this.#taken = taken;
  }

  /** Sends a message once the loop has taken enough of those before it. Blocks until then. */
  send(message: SaidMessage, post: () => void): void {
    const weight = weightOf(message);
    if (weight > 0) this.#waitForRoom();
    post(); // may throw: then nothing was said
    this.#said = (this.#said + weight) | 0;
  }

  #waitForRoom(): void {
    for (;;) {
      const taken = Atomics.load(this.#taken, 0);
      if (((this.#said - taken) | 0) < MOST) return;
      Atomics.wait(this.#taken, 0, taken);
    }
  }
}

/** The pool's side. */
export class TakenMessages {
  /** Given to the thread. */
  readonly count: TakenCount = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #isTelling = false;
  #weight = 0;

  /** A message was received. The thread learns of it in the next turn of the loop, so that others have their turn. */
  take(message: SaidMessage): void {
    const weight = weightOf(message);
    if (weight === 0) return;
    this.#weight += weight;
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    Atomics.add(this.count, 0, this.#weight);
    Atomics.notify(this.count, 0);
    this.#weight = 0;
    this.#isTelling = false;
  }
}
