import type { Logger } from "pino";
import { within } from "../../app/within.ts";

/** How long what is open may take to close when the start does not end. */
const CLOSE_MS = 1_000;

/** What a start leads to. */
export interface Started {
  close(): Promise<void>;
  /** How many threads could not be ended. */
  threadsLeft(): number;
}

/** A start that a signal may end before it is complete: what is open by then is closed, as in any shutdown. */
export class Start {
  readonly #graceMs: number;
  readonly #log: Logger;
  readonly #opened: AsyncDisposableStack;
  readonly #ending = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  #started: Started | undefined;

  /** @param opened - Collects what to close. */
  constructor(graceMs: number, log: Logger, opened: AsyncDisposableStack) {
    this.#graceMs = graceMs;
    this.#log = log;
    this.#opened = opened;
  }

  /** Aborts when the start is to end at its next step. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Closes what it has led to; until then, ends it. */
  close(): Promise<void> {
    return this.#started?.close() ?? this.#end();
  }

  threadsLeft(): number {
    return this.#started?.threadsLeft() ?? 0;
  }

  /** Reports that the start is complete. */
  succeed(started: Started): void {
    this.#started = started;
  }

  /**
   * Closes what was open when the start failed. Never returns when it was to end: the process ends now, and nobody
   * should be told of a failure.
   */
  async fail(error: unknown): Promise<never> {
    await this.#opened.disposeAsync();
    this.#over.resolve();
    if (this.ending.aborted) await new Promise(() => {});
    throw error;
  }

  /** The step that is under way is waited for, since only then can it be closed. */
  async #end(): Promise<void> {
    this.#ending.abort();
    if (await within(this.#graceMs, this.#over.promise)) return;
    this.#log.error(`abandoned the start: it did not come to its next step within ${this.#graceMs} ms`);
    await within(CLOSE_MS, this.#opened.disposeAsync());
  }
}
