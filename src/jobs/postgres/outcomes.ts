import type { PgBoss } from "pg-boss";
import type { DescribedError } from "../../errors/described-error.ts";
import type { Outcome, Settlement } from "../store.ts";
import type { Attempts } from "./attempts.ts";
import { inTransaction, type JobsDatabase, type Sql } from "./database.ts";
import { queueName } from "./queue-name.ts";

/** What pg-boss's calls about jobs return; its types leave it out. */
export interface Affected {
  readonly affected: number;
  /** The jobs that a call for several of them has affected. */
  readonly settled?: readonly string[];
}

/**
 * Stores how attempts ended and what becomes of their jobs, in one transaction: a job may be taken again a moment
 * later, and an attempt not recorded as ended would then seem lost. Every change is fenced by the attempt: a job that
 * has become another's is left alone.
 */
export class Outcomes {
  readonly #boss: PgBoss;
  readonly #database: JobsDatabase;
  readonly #attempts: Attempts;

  constructor(boss: PgBoss, database: JobsDatabase, attempts: Attempts) {
    this.#boss = boss;
    this.#database = database;
    this.#attempts = attempts;
  }

  settle(settlements: readonly Settlement[]): Promise<void> {
    const { done = [], others = [] } = Object.groupBy(settlements, ({ outcome }) =>
      outcome.kind === "done" ? "done" : "others",
    );
    const same = Map.groupBy(done, ({ claim, outcome }) => `${claim.task} ${JSON.stringify(outcome)}`);
    return inTransaction(this.#database, async (db) => {
      for (const group of same.values()) await this.#complete(group, db);
      for (const settlement of others) await this.#settleOne(settlement, db);
      await this.#attempts.end(settlements, db);
    });
  }

  /** Attempts of a task with the same result share one statement. */
  async #complete(same: readonly Settlement[], db: Sql): Promise<void> {
    const { claim, outcome } = same[0] as Settlement;
    const { result } = outcome as Extract<Outcome, { kind: "done" }>;
    await this.#boss.complete(queueName(claim.task), same.map(attemptOf), { result }, { db });
  }

  async #settleOne(settlement: Settlement, db: Sql): Promise<void> {
    const { outcome } = settlement;
    if (outcome.kind === "failed") await this.#fail(settlement, outcome, db);
    if (outcome.kind === "dead") await this.#kill(settlement, outcome.error, db);
    if (outcome.kind === "interrupted") await putBack(this.#boss, settlement, db);
  }

  async #fail(
    settlement: Settlement,
    { error, retryAfterMs }: Extract<Outcome, { kind: "failed" }>,
    db: Sql,
  ): Promise<void> {
    const { task, uuid: id } = settlement.claim;
    const queue = queueName(task);
    const failed = (await this.#boss.fail(queue, attemptOf(settlement), { error }, { db })) as Affected;
    if (failed.affected === 0 || retryAfterMs === undefined) return;
    // Changes only what waits: a job without attempts left is dead. By the clock of the database, as the back-off.
    await this.#boss.update(queue, undefined, { id, startAfter: retryAfterMs / 1_000, db });
  }

  /** Failed with no attempts left: pg-boss has no call for this. */
  async #kill(settlement: Settlement, error: DescribedError, db: Sql): Promise<void> {
    const { task, uuid: id, takes: retryLimit } = settlement.claim;
    const queue = queueName(task);
    const failed = (await this.#boss.fail(queue, attemptOf(settlement), { error }, { db })) as Affected;
    if (failed.affected === 0) return;
    const { updated } = await this.#boss.update(queue, undefined, { id, retryLimit, startAfter: 0, db });
    if (updated > 0) await this.#boss.fail(queue, id, { error }, { db });
  }
}

/**
 * Makes a job wait again, with one more attempt in place of the one that was broken off.
 *
 * @param startAfter - In how many seconds it may be taken again.
 */
export async function putBack(
  boss: PgBoss,
  settlement: Pick<Settlement, "claim" | "payload">,
  db: Sql,
  startAfter = 0,
): Promise<void> {
  const { claim, payload } = settlement;
  const { uuid: id, retryLimit } = claim;
  const queue = queueName(claim.task);
  const cancelled = (await boss.cancel(queue, attemptOf(settlement), { db })) as Affected;
  if (cancelled.affected === 0) return;
  await boss.resume(queue, id, { db });
  const again = payload && { ...payload, interrupted: (payload.interrupted ?? 0) + 1 };
  await boss.update(queue, again, { id, retryLimit: retryLimit + 1, startAfter, db });
}

function attemptOf({ claim }: Pick<Settlement, "claim">): { id: string; retryCount: number } {
  return { id: claim.uuid, retryCount: claim.takes };
}
