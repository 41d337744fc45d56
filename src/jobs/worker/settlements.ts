import { setTimeout as delay } from "node:timers/promises";
import { describeError } from "../../errors/described-error.ts";
import { formatJobId } from "../job-id.ts";
import { isRefusedInput, isUnreachable } from "../refusals.ts";
import type { Claim, JobStore, Outcome, Settlement } from "../store.ts";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
/**
 * How long a database that can be reached may refuse, or not answer in time. One that is away is waited for: nobody else
 * is given the jobs.
 */
const GIVE_UP_MS = 60_000;

interface Unstored {
  settlement: Settlement;
  /** When the database was first seen to refuse it, while it could be reached. */
  since: number;
  /** What the last try has failed with. */
  refusal?: unknown;
  readonly resolve: () => void;
}

/**
 * Stores how attempts ended: those that end while a statement is under way go together into the next one. What could
 * not be stored is tried again one by one, since a single one may be why, and beside what ends meanwhile.
 */
export class Settlements {
  readonly #store: Pick<JobStore, "settle" | "due">;
  readonly #onError: (error: unknown) => void;
  readonly #giveUpMs: number;
  readonly #unstored = new Set<Unstored>();
  #waiting: Unstored[] = [];
  #writing = false;
  readonly #failed: Unstored[] = [];
  #retrying = false;
  #givenUp = false;

  /** @param onError - Called each time the database refuses something or does not answer. */
  constructor(
    store: Pick<JobStore, "settle" | "due">,
    onError: (error: unknown) => void,
    giveUpMs: number = GIVE_UP_MS,
  ) {
    this.#store = store;
    this.#onError = onError;
    this.#giveUpMs = giveUpMs;
  }

  /** Resolves when it is stored, or given up. Never rejects. */
  add(settlement: Settlement): Promise<void> {
    return new Promise((resolve) => {
      const unstored = { settlement, since: performance.now(), resolve };
      this.#unstored.add(unstored);
      this.#waiting.push(unstored);
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
    return [...this.#unstored].map(({ settlement }) => settlement.claim);
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    // Together with all that end in this turn of the loop.
    await undefined;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      if (await this.#write(batch)) continue;
      this.#failed.push(...batch);
      if (!this.#retrying) void this.#retryAll();
    }
    this.#writing = false;
  }

  async #retryAll(): Promise<void> {
    this.#retrying = true;
    let tries = 0;
    for (let next = this.#failed.shift(); next !== undefined; next = this.#failed.shift()) {
      await delay(tries === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tries));
      if (this.#givenUp || (performance.now() - next.since > this.#giveUpMs && !this.#replace(next)))
        this.#leave(next);
      else if (await this.#write([next])) tries = 0;
      else {
        this.#failed.push(next);
        tries++;
      }
    }
    this.#retrying = false;
  }

  /** @returns Whether they are stored, or never will be. */
  async #write(batch: readonly Unstored[]): Promise<boolean> {
    try {
      await this.#store.settle(batch.map(({ settlement }) => settlement));
    } catch (error) {
      this.#onError(error);
      for (const unstored of batch) unstored.refusal = error;
      const isAway = isUnreachable(error) && !(await this.#answers());
      if (isAway) for (const unstored of batch) unstored.since = performance.now();
      const [only] = batch;
      const isRefused = batch.length === 1 && only !== undefined && isRefusedInput(error);
      return isRefused && this.#isHopeless(only, error);
    }
    for (const unstored of batch) this.#leave(unstored);
    return true;
  }

  /** Whether only these outcomes have no answer: a result may be so large that it never arrives in time. */
  #answers(): Promise<boolean> {
    return this.#store.due([]).then(
      () => true,
      () => false,
    );
  }

  /**
   * A result that was not stored in all that time becomes a failure that says so: the job would be given to others, and
   * they would have no more luck.
   *
   * @returns Whether there is something to store in its place.
   */
  #replace(unstored: Unstored): boolean {
    const { settlement, refusal } = unstored;
    if (settlement.outcome.kind !== "done") return false;
    const { message } = describeError(refusal);
    const error = describeError(
      new Error(`its result was not stored within ${this.#giveUpMs / 1_000} s: ${message}`),
    );
    unstored.settlement = { ...settlement, outcome: { kind: "failed", error } };
    unstored.since = performance.now();
    const id = formatJobId(settlement.claim);
    this.#onError(new Error(`gave up storing the result of ${id}, which counts as failed: ${error.message}`));
    return true;
  }

  /** What the database does not accept becomes what it does, if anything. */
  #isHopeless(unstored: Unstored, refusal: unknown): boolean {
    const outcome = insteadOf(unstored.settlement.outcome, refusal);
    if (outcome === undefined) this.#leave(unstored);
    else unstored.settlement = { ...unstored.settlement, outcome };
    return outcome === undefined;
  }

  #leave(unstored: Unstored): void {
    this.#unstored.delete(unstored);
    unstored.resolve();
  }
}

/** What is stored in place of an outcome that is refused; undefined where that would be refused, too. */
function insteadOf(outcome: Outcome, refusal: unknown): Outcome | undefined {
  const error = describeError(refusal);
  if (outcome.kind === "done") return { kind: "failed", error };
  if (!("error" in outcome) || outcome.error.message === error.message) return undefined;
  return { ...outcome, error };
}
