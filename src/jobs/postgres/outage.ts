import { isUnreachable } from "../refusals.ts";
import type { Sql } from "./database.ts";

/** How often it is asked whether a database that was away answers again. */
const ASK_MS = 1_000;

/**
 * Notices that a database which was away answers again, in a process that does not work on jobs: it asks nothing by
 * itself, and its log would only ever say that the database went away.
 */
export class Outage {
  readonly #sql: Sql;
  readonly #onAnswer: (silentMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(sql: Sql, onAnswer: (silentMs: number) => void) {
    this.#sql = sql;
    this.#onAnswer = onAnswer;
  }

  /** Takes what a connection failed with. */
  note(error: unknown): void {
    if (this.#timer !== undefined || !isUnreachable(error)) return;
    this.#askLater(performance.now());
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #askLater(since: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#ask(since), ASK_MS).unref();
  }

  async #ask(since: number): Promise<void> {
    try {
      await this.#sql.executeSql("select 1");
    } catch {
      return this.#askLater(since);
    }
    this.#timer = undefined;
    if (!this.#isClosed) this.#onAnswer(performance.now() - since);
  }
}
