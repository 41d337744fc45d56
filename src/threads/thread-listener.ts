import type { Call } from "./call.ts";
import type { Hello } from "./messages.ts";

/** What a thread tells its roster. */
export interface ThreadListener<T> {
  onHello(thread: T, hello: Hello): void;
  onResult(thread: T, call: Call, runMs: number, outcome: unknown): void;
  /** After all results of one message. */
  onResults(thread: T): void;
  onExit(thread: T, loss: ThreadLoss): void;
}

/** What an ended thread leaves behind. */
export interface ThreadLoss {
  /** Calls it had started. */
  readonly started: Call[];
  /** Calls it had not started, in their order. */
  readonly unstarted: Call[];
  /** What ended it, if it was an error. */
  readonly cause: unknown;
}
