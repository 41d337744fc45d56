import type { PgBoss } from "pg-boss";
import { formatNotice, noticeChannel } from "../notices.ts";
import type { JobRef } from "../store.ts";
import type { Attempts } from "./attempts.ts";
import { inTransaction, type JobsDatabase, type Sql } from "./database.ts";
import type { Affected } from "./outcomes.ts";
import { queueName } from "./queue-name.ts";
import type { Records } from "./records.ts";

/** PostgreSQL's code for a unique index: another job with the key waits or runs. */
const KEY_TAKEN = "23505";
/** And for two transactions that wait for each other's rows: a worker may be storing outcomes of the same jobs. */
const DEADLOCK = "40P01";

/** What users change about stored jobs: cancels them and runs them again, one job or many of a task in one transaction. */
export class Changes {
  readonly #boss: PgBoss;
  readonly #database: JobsDatabase;
  readonly #attempts: Attempts;
  readonly #records: Records;
  readonly #schema: string;

  constructor(
    boss: PgBoss,
    database: JobsDatabase,
    { attempts, records, schema }: { attempts: Attempts; records: Records; schema: string },
  ) {
    this.#boss = boss;
    this.#database = database;
    this.#attempts = attempts;
    this.#records = records;
    this.#schema = schema;
  }

  cancel({ task, uuid }: JobRef): Promise<boolean> {
    const queue = queueName(task);
    return unlessKeyTaken(() =>
      inTransaction(this.#database, async (db) => {
        // It may have waited for an attempt to be stored as failed, which pg-boss does by writing the job anew: then it
        // found nothing, and has to look again.
        while ((await this.#cancelIn(db, task, [uuid])).length === 0)
          if (await this.#records.isOver(queue, uuid, db)) return false;
        return true;
      }),
    );
  }

  cancelMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void> {
    return this.#changeMany(jobs, changed, {
      together: (db, task, uuids) => this.#cancelIn(db, task, uuids),
      alone: (job) => this.cancel(job),
    });
  }

  retry({ task, uuid }: JobRef): Promise<boolean> {
    return unlessKeyTaken(() =>
      inTransaction(this.#database, async (db) => (await this.#retryIn(db, task, [uuid])).length > 0),
    );
  }

  retryMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void> {
    return this.#changeMany(jobs, changed, {
      together: (db, task, uuids) => this.#retryIn(db, task, uuids),
      alone: (job) => this.retry(job),
    });
  }

  /** Those of a task in one transaction. What that leaves is tried one by one: a single job may be why. */
  async #changeMany(
    jobs: readonly JobRef[],
    changed: Set<string>,
    { together, alone }: Change,
  ): Promise<void> {
    for (const [task, own] of Map.groupBy(jobs, (job) => job.task)) {
      const uuids = own.map(({ uuid }) => uuid).sort();
      const some = await inTransaction(this.#database, (db) => together(db, task, uuids)).catch(
        noneIfOneIsWhy,
      );
      for (const uuid of some) changed.add(uuid);
      for (const job of own) if (!changed.has(job.uuid) && (await alone(job))) changed.add(job.uuid);
    }
  }

  /**
   * Ids come from clients, and name tasks that nobody has. pg-boss would look for their queues beside the transaction:
   * embedded, where there is one session, it would wait for itself.
   */
  async #hasQueue(db: Sql, queue: string): Promise<boolean> {
    const { rows } = await db.executeSql(`select from ${this.#schema}.queue where name = $1`, [queue]);
    return rows.length > 0;
  }

  /** @returns Those that were cancelled. */
  async #cancelIn(db: Sql, task: string, uuids: readonly string[]): Promise<readonly string[]> {
    const queue = queueName(task);
    if (!(await this.#hasQueue(db, queue))) return [];
    const live = await this.#cancelLive(db, queue, uuids);
    const others = uuids.filter((uuid) => !live.includes(uuid));
    const all = [...live, ...(await this.#giveUp(db, queue, others))];
    const takes = await this.#records.lastTakes(queue, all, db);
    await this.#announce(
      db,
      all.map((uuid) => formatNotice({ kind: "cancelled", task, uuid, takes: takes.get(uuid) })),
    );
    return all;
  }

  /** Cancels dead jobs, which would otherwise hold up their keys in an ordered task: pg-boss has no call for this. */
  async #giveUp(db: Sql, queue: string, uuids: readonly string[]): Promise<readonly string[]> {
    if (uuids.length === 0) return [];
    const again = (await this.#boss.retry(queue, [...uuids], { db })) as Affected;
    return again.affected === 0 ? [] : this.#cancelLive(db, queue, uuids);
  }

  async #cancelLive(db: Sql, queue: string, uuids: readonly string[]): Promise<readonly string[]> {
    const { settled } = (await this.#boss.cancel(queue, [...uuids], { db })) as unknown as Affected;
    return settled ?? [];
  }

  /**
   * In one step: between several, a worker could take a job, and the last step would find nothing to do.
   *
   * @returns Those that will run.
   */
  async #retryIn(db: Sql, task: string, uuids: readonly string[]): Promise<readonly string[]> {
    const queue = queueName(task);
    if (!(await this.#hasQueue(db, queue))) return [];
    await this.#boss.retry(queue, [...uuids], { db });
    await this.#boss.resume(queue, [...uuids], { db });
    await this.#attempts.endCancelled(queue, uuids, db);
    const again = await this.#runNow(db, queue, uuids);
    const changed = again.map((uuid) => formatNotice({ kind: "changed", task, uuid }));
    // As pg-boss tells of jobs that may be taken.
    if (again.length > 0) await this.#announce(db, [queue, ...changed]);
    return again;
  }

  /**
   * As pg-boss's `update`, which does so for one job at a time: a job is kept for as long as it would have been. The
   * occurrence of a schedule becomes a job like any other: it runs now since somebody wants it, whatever the schedule has
   * become.
   */
  async #runNow(db: Sql, queue: string, uuids: readonly string[]): Promise<readonly string[]> {
    const now = `${this.#schema}.job_now()`;
    const { rows } = await db.executeSql(
      `update ${this.#schema}.job set start_after = ${now}, keep_until = ${now} + (keep_until - start_after),
        data = case when jsonb_typeof(data) = 'object' then data - '{schedule,scheduledSince}'::text[] else data end
      where name = $1 and id = any ($2::uuid[]) and state < 'active' returning id`,
      [queue, uuids],
    );
    return rows.map(({ id }: { id: string }) => id);
  }

  async #announce(db: Sql, notices: readonly string[]): Promise<void> {
    await db.executeSql("select pg_notify($1, notice) from unnest($2::text[]) as notice", [
      noticeChannel(this.#schema),
      notices,
    ]);
  }
}

/** Changes several jobs of a task in a transaction, and returns those that it has changed; or one in its own. */
interface Change {
  together(db: Sql, task: string, uuids: readonly string[]): Promise<readonly string[]>;
  alone(job: JobRef): Promise<boolean>;
}

/** False when another job with the key waits or runs. */
async function unlessKeyTaken(change: () => Promise<boolean>): Promise<boolean> {
  try {
    return await change();
  } catch (error) {
    if (codeOf(error) === KEY_TAKEN) return false;
    throw error;
  }
}

function noneIfOneIsWhy(error: unknown): readonly string[] {
  if (codeOf(error) === KEY_TAKEN || codeOf(error) === DEADLOCK) return [];
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}
