import { setTimeout as delay } from "node:timers/promises";
import type { JobWithMetadata, PgBoss } from "pg-boss";
import { within } from "../../app/within.ts";
import { isUnreachable } from "../refusals.ts";
import type { Claim, JobPayload, JobTask, TakenJob } from "../store.ts";
import type { Attempts } from "./attempts.ts";
import type { JobsDatabase, Sql } from "./database.ts";
import { putBack } from "./outcomes.ts";
import { queueName } from "./queue-name.ts";

/** How long a commit without an answer waits for a database that is opened again, and for its transaction to end. */
const REOPEN_MS = 10_000;
/** How often it asks. */
const ASK_MS = 250;

/** When a process looks again for a suspect that it put off. */
const PUT_OFF_SECONDS = 5;

type Fetched = JobWithMetadata<JobPayload>;

/** Jobs that were taken, and the transaction that took them. */
interface Taken {
  readonly jobs: readonly TakenJob[];
  /** Undefined when there were none. */
  readonly transaction: string | undefined;
}

/**
 * Takes jobs for this process, and records their attempts, in one transaction: jobs whose answer never arrives, because
 * the network is cut or the loop blocked, count as not taken.
 */
export class Takes {
  readonly #boss: PgBoss;
  readonly #database: JobsDatabase;
  readonly #attempts: Attempts;
  readonly #schema: string;

  constructor(boss: PgBoss, database: JobsDatabase, attempts: Attempts, schema: string) {
    this.#boss = boss;
    this.#database = database;
    this.#attempts = attempts;
    this.#schema = schema;
  }

  /** @param hasSuspect - Whether a suspect runs in this process: it takes no second one. */
  async take(task: JobTask, most: number, hasSuspect: boolean): Promise<readonly TakenJob[]> {
    const open = await this.#database.beginTransaction();
    let taken: Taken;
    try {
      taken = await this.#takeIn(open.db, task, { most, hasSuspect });
    } catch (error) {
      await open.rollback();
      throw error;
    }
    try {
      await open.commit();
    } catch (error) {
      if (!(await this.#isCommitted(taken))) throw error;
    }
    return taken.jobs;
  }

  /**
   * Only the answer may have been lost. While the database is away, it is asked again: these jobs are this process's,
   * and would count as lost with it.
   */
  async #isCommitted({ transaction }: Taken): Promise<boolean> {
    if (transaction === undefined) return false;
    // Embedded, nobody else would ever run these jobs.
    await within(REOPEN_MS, this.#database.reopened?.() ?? Promise.resolve());
    let answeredAt: number | undefined;
    for (;;) {
      const status = await this.#statusOf(transaction);
      const now = performance.now();
      if (status !== undefined) answeredAt ??= now;
      // The commit may have reached a server that stood still: then it is carried out a moment after the others.
      const isOpen = status === "in progress" && now - (answeredAt ?? now) < REOPEN_MS;
      if (status !== undefined && !isOpen) return status === "committed";
      await delay(ASK_MS);
    }
  }

  /** @returns Undefined when the database does not say. */
  async #statusOf(transaction: string): Promise<string | undefined> {
    try {
      const { rows } = await this.#database.executeSql("select pg_xact_status($1::text::xid8) as status", [
        transaction,
      ]);
      return rows[0]?.status ?? "forgotten";
    } catch (error) {
      if (isUnreachable(error)) return undefined;
      throw error;
    }
  }

  async #takeIn(
    db: Sql,
    task: JobTask,
    { most, hasSuspect }: { readonly most: number; readonly hasSuspect: boolean },
  ): Promise<Taken> {
    const free = await this.#free(db, task, most);
    const all = free > 0 ? await this.#fetch(db, task.name, free) : [];
    // An update returns its rows in any order.
    all.sort(byTurn);
    const suspects = await this.#suspects(db, task, all);
    const off = all.filter(({ id }) => suspects.has(id)).slice(hasSuspect ? 0 : 1);
    for (const job of off)
      await putBack(this.#boss, { claim: claimOf(task.name, job), payload: job.data }, db, PUT_OFF_SECONDS);
    const fetched = all.filter((job) => !off.includes(job));
    if (fetched.length === 0) return { jobs: [], transaction: undefined };
    const claims = fetched.map((job) => claimOf(task.name, job));
    const { lost, transaction } = await this.#attempts.start(claims, db);
    const jobs = fetched.map((job, index) => ({
      ...(claims[index] as Claim),
      payload: job.data,
      enqueuedAt: job.createdOn,
      lostBefore: lost.has(job.id),
      isSuspect: suspects.has(job.id),
    }));
    return { jobs, transaction };
  }

  /** Never a job of an ordered task: while it is put off, the next of its key would overtake it. */
  async #suspects(
    db: Sql,
    { name, ordered }: JobTask,
    fetched: readonly Fetched[],
  ): Promise<ReadonlySet<string>> {
    const often = ordered ? [] : fetched.filter(({ retryCount }) => retryCount >= 2);
    if (often.length === 0) return new Set();
    const claims = often.map((job) => claimOf(name, job));
    return this.#attempts.lostTwice(claims, db);
  }

  /** One process at a time counts what runs and takes the rest: pg-boss's own limit does not hold across processes. */
  async #free(db: Sql, { name, concurrency }: JobTask, most: number): Promise<number> {
    if (concurrency === undefined) return most;
    await db.executeSql("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`${this.#schema} ${name}`]);
    const { rows } = await db.executeSql(
      `select count(*)::int as running from ${this.#schema}.job where name = $1 and state = 'active'`,
      [queueName(name)],
    );
    return Math.min(most, concurrency - rows[0].running);
  }

  #fetch(db: Sql, task: string, batchSize: number): Promise<Fetched[]> {
    return this.#boss.fetch<JobPayload>(queueName(task), { batchSize, includeMetadata: true, db });
  }
}

/** Orders jobs of the same instant by their ids, which ascend. */
function byTurn(a: Fetched, b: Fetched): number {
  return b.priority - a.priority || a.createdOn.getTime() - b.createdOn.getTime() || (a.id < b.id ? -1 : 1);
}

function claimOf(task: string, { id, retryCount, retryLimit }: Fetched): Claim {
  return { task, uuid: id, takes: retryCount, retryLimit };
}
