import { setTimeout as delay } from "node:timers/promises";
import type { JobWithMetadata, PgBoss } from "pg-boss";
import { within } from "../../app/within.ts";
import { isUnreachable } from "../refusals.ts";
import type { Claim, CurrentSchedule, JobTask, TakenJob } from "../store.ts";
import type { Attempts } from "./attempts.ts";
import type { JobsDatabase, Sql } from "./database.ts";
import { putBack } from "./outcomes.ts";
import { queueName } from "./queue-name.ts";
import { findUnread, payloadOf, readPayload, type Unread, withoutPayloads } from "./unread.ts";

/** How long a commit without an answer waits for a database that is opened again, and for its transaction to end. */
const REOPEN_MS = 10_000;
/** How often it asks. */
const ASK_MS = 250;

/** When a process looks again for a suspect that it put off. */
const PUT_OFF_SECONDS = 5;

type Fetched = JobWithMetadata<unknown>;

interface TakeOptions {
  readonly most: number;
  readonly hasSuspect: boolean;
  /** The job that is next, if its payload does not arrive. */
  readonly unread: Unread | undefined;
}

interface FetchOptions extends Pick<TakeOptions, "unread"> {
  readonly batchSize: number;
}

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
  /** Tasks of which not even one job could be taken. */
  readonly #failing = new Set<string>();

  constructor(boss: PgBoss, database: JobsDatabase, attempts: Attempts, schema: string) {
    this.#boss = boss;
    this.#database = database;
    this.#attempts = attempts;
    this.#schema = schema;
  }

  /** @param hasSuspect - Whether a suspect runs in this process: it takes no second one. */
  async take(task: JobTask, most: number, hasSuspect: boolean): Promise<readonly TakenJob[]> {
    const unread = this.#failing.delete(task.name) ? await this.#findUnread(task) : undefined;
    const open = await this.#database.beginTransaction();
    let taken: Taken;
    try {
      taken = await this.#takeIn(open.db, task, { most, hasSuspect, unread });
    } catch (error) {
      if (most === 1) this.#failing.add(task.name);
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

  #findUnread({ name: task }: JobTask): Promise<Unread | undefined> {
    return findUnread(this.#boss, { database: this.#database, schema: this.#schema, task });
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

  async #takeIn(db: Sql, task: JobTask, { most, hasSuspect, unread }: TakeOptions): Promise<Taken> {
    const free = await this.#free(db, task, unread === undefined ? most : 1);
    const all = await this.#fetchCurrent(db, task, { batchSize: free, unread });
    // An update returns its rows in any order.
    all.sort(byTurn);
    const suspects = await this.#suspects(db, task, all);
    const off = all.filter(({ id }) => suspects.has(id)).slice(hasSuspect ? 0 : 1);
    for (const job of off)
      await putBack(
        this.#boss,
        { claim: claimOf(task.name, job), payload: payloadOf(job.data).payload },
        db,
        PUT_OFF_SECONDS,
      );
    const fetched = all.filter((job) => !off.includes(job));
    if (fetched.length === 0) return { jobs: [], transaction: undefined };
    const claims = fetched.map((job) => claimOf(task.name, job));
    const { lost, transaction } = await this.#attempts.start(claims, db);
    const jobs = fetched.map((job, index) => ({
      ...(claims[index] as Claim),
      ...(job.id === unread?.id ? { payload: undefined, unread: unread.error } : payloadOf(job.data)),
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

  /** Removes the occurrences of former schedules that it meets, and takes others in their place: a full take is followed by the next. */
  async #fetchCurrent(
    db: Sql,
    { name, schedule }: JobTask,
    { batchSize, unread }: FetchOptions,
  ): Promise<Fetched[]> {
    const current: Fetched[] = [];
    while (current.length < batchSize) {
      const found = await this.#fetch(db, name, { batchSize: batchSize - current.length, unread });
      const former = found.filter((job) => isFormer(job, schedule));
      current.push(...found.filter((job) => !former.includes(job)));
      if (former.length === 0) break;
      await this.#boss.deleteJob(
        queueName(name),
        former.map(({ id }) => id),
        { db },
      );
    }
    return current;
  }

  async #fetch(db: Sql, task: string, { batchSize, unread }: FetchOptions): Promise<Fetched[]> {
    const queue = queueName(task);
    const options = { batchSize, includeMetadata: true } as const;
    if (unread === undefined) return this.#boss.fetch<unknown>(queue, { ...options, db });
    const fetched: Fetched[] = await this.#boss.fetch(queue, { ...options, db: withoutPayloads(db) });
    // By now, another one may be next.
    for (const job of fetched)
      if (job.id !== unread.id) job.data = await readPayload(db, this.#schema, { queue, id: job.id });
    return fetched;
  }
}

/** Whether it is the occurrence of a schedule that a process stored which began earlier, and has never run. */
function isFormer({ data, retryCount }: Fetched, { mark, since }: CurrentSchedule): boolean {
  const { schedule = mark, scheduledSince = 0 } = payloadOf(data).payload ?? {};
  return retryCount === 0 && schedule !== mark && scheduledSince <= since;
}

/** Orders jobs of the same instant by their ids, which ascend. */
function byTurn(a: Fetched, b: Fetched): number {
  return b.priority - a.priority || a.createdOn.getTime() - b.createdOn.getTime() || (a.id < b.id ? -1 : 1);
}

function claimOf(task: string, { id, retryCount, retryLimit }: Fetched): Claim {
  return { task, uuid: id, takes: retryCount, retryLimit };
}
