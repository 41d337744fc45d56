import type { OffloopError } from "../errors/offloop-error.ts";
import { failedStart } from "./start-error.ts";
import type { Thread } from "./thread.ts";
import type { ThreadOptions } from "./thread-options.ts";

interface Start {
  readonly timer: NodeJS.Timeout;
  readonly settle: (error: OffloopError | undefined) => void;
  /** Why it is being ended. */
  refused: OffloopError | undefined;
}

/** The threads that have not loaded the app yet. One that takes too long is ended: nothing else could. */
export class StartingThreads {
  readonly #starts = new Map<Thread, Start>();
  readonly #options: ThreadOptions;
  readonly #startMs: number;

  /** @param startMs - How long a thread may take. */
  constructor(options: ThreadOptions, startMs: number) {
    this.#options = options;
    this.#startMs = startMs;
  }

  get size(): number {
    return this.#starts.size;
  }

  has(thread: Thread): boolean {
    return this.#starts.has(thread);
  }

  /** Resolves when it has loaded the app, or with the error that keeps it from that. */
  add(thread: Thread): Promise<OffloopError | undefined> {
    return new Promise((settle) => {
      const why = `it has not loaded the app after ${this.#startMs} ms`;
      const timer = setTimeout(
        () => this.refuse(thread, failedStart(thread.id, why, this.#options)),
        this.#startMs,
      );
      this.#starts.set(thread, { timer, settle, refused: undefined });
    });
  }

  /** Ends it: it cannot be used. */
  refuse(thread: Thread, error: OffloopError): void {
    const start = this.#starts.get(thread);
    if (start !== undefined) start.refused = error;
    thread.end();
  }

  /** It is ready. */
  succeed(thread: Thread): void {
    this.#take(thread)?.settle(undefined);
  }

  /** It has ended. Gives why. */
  fail(thread: Thread, cause: unknown): OffloopError {
    const start = this.#take(thread);
    const why = cause === undefined ? "it ended while it loaded the app" : String(cause);
    const error = start?.refused ?? failedStart(thread.id, why, this.#options);
    start?.settle(error);
    return error;
  }

  #take(thread: Thread): Start | undefined {
    const start = this.#starts.get(thread);
    clearTimeout(start?.timer);
    this.#starts.delete(thread);
    return start;
  }
}
