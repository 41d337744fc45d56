import { thrownText } from "../../errors/described-error.ts";
import type { OffloopError } from "../../errors/offloop-error.ts";
import { clearTimeout, setImmediate, setTimeout } from "../../errors/timers.ts";
import { type FailedApp, failedStart } from "./errors.ts";
import type { Thread } from "./thread.ts";

/** The start of a thread, until it has loaded the app. One that takes too long is ended: nothing else could end it. */
export class Start {
  /** Resolves when it has loaded the app, or with the error that prevented it. */
  readonly outcome: Promise<OffloopError | undefined>;
  readonly #thread: Thread;
  readonly #app: FailedApp;
  readonly #timer: NodeJS.Timeout;
  readonly #settle: (error: OffloopError | undefined) => void;
  /** Why it is being ended. */
  #refused: OffloopError | undefined;
  #isOver = false;

  constructor(thread: Thread, startMs: number, app: FailedApp) {
    const { promise, resolve } = Promise.withResolvers<OffloopError | undefined>();
    this.outcome = promise;
    this.#settle = resolve;
    this.#thread = thread;
    this.#app = app;
    // A loop that was blocked reads only in the rest of this turn what the thread may have said long ago.
    this.#timer = setTimeout(() => setImmediate(() => this.#giveUp(startMs)), startMs);
  }

  #giveUp(startMs: number): void {
    if (!this.#isOver) this.refuse(this.#failed(`it has not loaded the app after ${startMs} ms`));
  }

  /** Ends it: it cannot be used. */
  refuse(error: OffloopError): void {
    this.#refused = error;
    void this.#thread.end();
  }

  /** It is ready. */
  succeed(): void {
    this.#end();
    this.#settle(undefined);
  }

  /** It has ended. Returns why. */
  fail(cause: unknown): OffloopError {
    this.#end();
    const error =
      this.#refused ??
      this.#failed(cause === undefined ? "it ended while it loaded the app" : thrownText(cause));
    this.#settle(error);
    return error;
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #failed(why: string): OffloopError {
    return failedStart(this.#thread.id, why, this.#app);
  }
}
