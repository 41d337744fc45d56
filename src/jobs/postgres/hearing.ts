import { randomUUID } from "node:crypto";
import type { Log } from "../../app/log.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { formatTrial } from "../notices.ts";
import type { Sql } from "./database.ts";

/** How long a notice may take. Through PostgreSQL itself it arrives at once. */
const ARRIVAL_MS = 5_000;

/** What pg-boss says when the connection that listens no longer does, though nobody has ended it. */
const LOST = "LISTEN/NOTIFY channel registration was lost";

/**
 * Finds out whether notices arrive. A pooler that gives each transaction another connection accepts the `LISTEN` and
 * then passes nothing on: only a notice that was sent and did not come tells.
 */
export class Hearing {
  readonly #sql: Sql;
  readonly #channel: string;
  readonly #onUnheard: () => void;
  #trial: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isUnheard = false;
  #isClosed = false;

  /** @param onUnheard - Called when notices do not arrive; again only after they did. */
  constructor(sql: Sql, channel: string, onUnheard: () => void) {
    this.#sql = sql;
    this.#channel = channel;
    this.#onUnheard = onUnheard;
  }

  /** Sends a notice that only this process waits for. Never rejects. */
  async try(): Promise<void> {
    const trial = formatTrial(randomUUID());
    this.#trial = trial;
    try {
      await this.#sql.executeSql("select pg_notify($1, $2)", [this.#channel, trial]);
    } catch {
      return; // the database is away: when it is back, this is tried again
    }
    if (this.#isClosed || this.#trial !== trial) return;
    clearTimeout(this.#timer);
    // After a loop that was blocked meanwhile has read what has arrived.
    this.#timer = setTimeout(() => setImmediate(() => this.#judge(trial)), ARRIVAL_MS).unref();
  }

  /** Takes every notice as it arrived. */
  hear(text: string): void {
    if (text !== this.#trial) return;
    this.#trial = undefined;
    this.#isUnheard = false;
  }

  /** Whether an error says only what is known: the connection is made anew every ten seconds, and never hears anything. */
  isKnown({ message }: Error): boolean {
    return this.#isUnheard && message === LOST;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #judge(trial: string): void {
    if (this.#isClosed || this.#trial !== trial || this.#isUnheard) return;
    this.#isUnheard = true;
    this.#onUnheard();
  }
}

/** Says what comes late, and how it would come at once. */
export function sayUnheard(log: Log, pollMs: number): void {
  const { code, message } = new OffloopError(
    "OFFLOOP_JOBS_UNHEARD",
    "Cannot hear of changes to jobs: the database's notices do not arrive, as behind PgBouncer in transaction mode; " +
      `new jobs are found every ${pollMs} ms (jobs.pollMs), a cancelled one ends up to 2 s later, and app.jobs.follow looks every 5 s`,
    { fix: "let jobs.url name PostgreSQL itself; your own pool may keep the pooler" },
  );
  log.warn({ code }, `${code}: ${message}`);
}
