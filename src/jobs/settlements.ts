import { setTimeout as delay } from "node:timers/promises";
import { describeError } from "../errors/described-error.ts";
import { isRefusedInput } from "./refusals.ts";
import type { Claim, JobStore, Outcome, Settlement } from "./store.ts";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
/** By then the jobs have been given to others: their heartbeat stopped along with the database. */
const GIVE_UP_MS = 60_000;

interface Waiting {
  readonly settlement: Settlement;
  readonly resolve: () => void;
}

/** Stores how attempts ended: those that end while a statement is under way go together into the next one. */
export class Settlements {
  readonly #store: Pick<JobStore, "settle">;
  readonly #onError: (error: unknown) => void;
  readonly #unstored = new Set<Settlement>();
  #waiting: Waiting[] = [];
  #writing = false;
  #givenUp = false;

  /** @param onError - Called each time the database refuses something or does not answer. */
  constructor(store: Pick<JobStore, "settle">, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /** Resolves when it is stored, or given up. Never rejects. */
  add(settlement: Settlement): Promise<void> {
    this.#unstored.add(settlement);
    return new Promise((resolve) => {
      this.#waiting.push({ settlement, resolve });
      if (!this.#writing) void this.#writeAll();
    });
  }

  /**
   * Tries no more.
   *
   * @returns The attempts whose end is not stored.
   */
  giveUp(): Claim[] {
    this.#givenUp = true;
    return [...this.#unstored].map(({ claim }) => claim);
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    // Together with all that end in this turn of the loop.
    await undefined;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch.map(({ settlement }) => settlement));
      for (const { settlement, resolve } of batch) {
        this.#unstored.delete(settlement);
        resolve();
      }
    }
    this.#writing = false;
  }

  async #write(batch: readonly Settlement[]): Promise<void> {
    const started = performance.now();
    for (let tries = 0; !this.#givenUp && performance.now() - started < GIVE_UP_MS; tries++) {
      try {
        return await this.#store.settle(batch);
      } catch (error) {
        this.#onError(error);
        if (isRefusedInput(error)) return this.#writeRefused(batch, error);
        await delay(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tries));
      }
    }
  }

  /**
   * One of them contains something that the database does not accept and that would never be settled; the others must
   * not wait for it.
   */
  async #writeRefused(batch: readonly Settlement[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length > 1) for (const settlement of batch) await this.#write([settlement]);
    else if (only !== undefined) await this.#writeInstead(only, insteadOf(only.outcome, error));
  }

  async #writeInstead(settlement: Settlement, outcome: Outcome | undefined): Promise<void> {
    if (outcome !== undefined) await this.#write([{ ...settlement, outcome }]);
  }
}

/** What is stored in place of an outcome that is refused; undefined where that would be refused, too. */
function insteadOf(outcome: Outcome, refusal: unknown): Outcome | undefined {
  const error = describeError(refusal);
  if (outcome.kind === "done") return { kind: "failed", error };
  if (!("error" in outcome) || outcome.error.message === error.message) return undefined;
  return { ...outcome, error };
}
