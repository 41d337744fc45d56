import type { JobWithMetadata, PgBoss, Queue, QueueResult } from "pg-boss";
import type { DescribedError } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { Attempts } from "./attempts.ts";
import { inTransaction, type JobsDatabase, type Sql } from "./database.ts";
import { EmbeddedDatabase } from "./embedded.ts";
import {
  bossOptions,
  type EngineOptions,
  loadPgBoss,
  openError,
  orderError,
  queueOf,
} from "./engine-setup.ts";
import { formatNotice, NoticeBoard, noticeChannel, parseNotice } from "./notices.ts";
import { queueName, taskName } from "./queue-name.ts";
import { type CountedJobs, lostError, Records, storedKey } from "./records.ts";
import type {
  AttemptRecord,
  Claim,
  JobFilter,
  JobPayload,
  JobRecord,
  JobRef,
  JobStore,
  JobTask,
  NewJob,
  Notice,
  Outcome,
  Settlement,
  TakenJob,
  TaskDepth,
} from "./store.ts";
import { sqlOfTransaction } from "./transaction.ts";

/** Ordered jobs that have no key are in one order. */
const NO_KEY = "-";

/** Of PostgreSQL, for a unique index: another job of the key waits or runs. */
const KEY_TAKEN = "23505";

/** What pg-boss's calls about jobs answer; its types leave it out. */
interface Affected {
  readonly affected: number;
  readonly settled?: readonly string[];
}

/** Keeps jobs with pg-boss. The one place that calls it. */
export class Engine implements JobStore {
  readonly #boss: PgBoss;
  readonly #database: JobsDatabase;
  readonly #embedded: EmbeddedDatabase | undefined;
  readonly #tasks: ReadonlyMap<string, JobTask>;
  readonly #schema: string;
  readonly #attempts: Attempts;
  readonly #records: Records;
  readonly #notices = new NoticeBoard();
  readonly #onError: (error: Error) => void;
  #listening: { close(): Promise<void> } | undefined;

  private constructor(boss: PgBoss, embedded: EmbeddedDatabase | undefined, options: EngineOptions) {
    const { schema, tasks, onError } = options;
    this.#boss = boss;
    this.#embedded = embedded;
    this.#database = embedded ?? (boss.getDb() as JobsDatabase);
    this.#tasks = new Map(tasks.map((task) => [task.name, task]));
    this.#schema = schema;
    this.#attempts = new Attempts(this.#database, schema, noticeChannel(schema));
    const names = new Map(tasks.map(({ name }) => [queueName(name), name]));
    this.#records = new Records(this.#database, schema, names);
    this.#onError = onError;
  }

  /**
   * Opens the place of the jobs; makes its schema and what each task needs in it, where that is not there yet.
   *
   * @throws {OffloopError} `OFFLOOP_JOBS_PACKAGE`, `OFFLOOP_JOBS_DATABASE`, `OFFLOOP_JOBS_SCHEMA`, `OFFLOOP_JOBS_FOLDER`,
   * `OFFLOOP_JOBS_OWNED`, `OFFLOOP_JOBS_ORDER`.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { PgBoss } = await loadPgBoss();
    const { place } = options;
    const embedded = "dir" in place ? await EmbeddedDatabase.open(place.dir) : undefined;
    const boss = new PgBoss(bossOptions(options, embedded));
    boss.on("error", options.onError);
    try {
      await boss.start({ attempts: 3 });
      const engine = new Engine(boss, embedded, options);
      if (options.isBeside !== true) await engine.#prepare();
      return engine;
    } catch (error) {
      await boss.stop({ graceful: false }).catch(() => {});
      await embedded?.close();
      throw openError(error, options);
    }
  }

  /** Runs SQL where the jobs are. */
  get sql(): Sql {
    return this.#database;
  }

  async #prepare(): Promise<void> {
    await this.#attempts.create();
    const there = new Map((await this.#boss.getQueues()).map((queue) => [queue.name, queue]));
    for (const task of this.#tasks.values()) await this.#prepareQueue(task, there.get(queueName(task.name)));
    if (this.#embedded !== undefined) await this.#reclaim();
    this.#listening = await this.#database.listen(
      noticeChannel(this.#schema),
      (text) => this.#hear(text),
      // What was said meanwhile was not heard.
      () => {
        for (const task of this.#tasks.keys()) this.#notices.tell({ kind: "enqueued", task });
      },
    );
  }

  async #prepareQueue(task: JobTask, there: Queue | undefined): Promise<void> {
    const name = queueName(task.name);
    const wanted = queueOf(task, this.#embedded !== undefined);
    if (there === undefined) return this.#boss.createQueue(name, wanted);
    const { policy, ...rest } = wanted;
    if (there.policy !== policy) throw orderError(task);
    const differs = Object.entries(rest).some(([key, value]) => there[key as keyof Queue] !== value);
    if (differs)
      await this.#boss.updateQueue(name, { ...rest, heartbeatSeconds: rest.heartbeatSeconds ?? null });
  }

  /** Embedded, what runs when the folder is opened belonged to a process that is gone. */
  async #reclaim(): Promise<void> {
    const { rows } = await this.#database.executeSql(
      `select name, array_agg(id) as ids from ${this.#schema}.job where state = 'active' group by name`,
    );
    for (const { name, ids } of rows) await this.#boss.fail(name, ids, { error: lostError });
  }

  #hear(text: string): void {
    const notice = parseNotice(text, taskName);
    if (notice !== undefined) this.#notices.tell(notice);
  }

  async add({ task, uuid, payload, key, runAt, priority }: NewJob, tx?: unknown): Promise<string> {
    const queue = queueName(task);
    const db = tx === undefined ? undefined : this.#transaction(tx);
    const singletonKey = key === undefined ? this.#keyless(task, uuid) : storedKey(key);
    const options = {
      id: uuid,
      singletonKey,
      ...(runAt === undefined ? {} : { startAfter: runAt }),
      ...(priority === undefined ? {} : { priority }),
      ...(db === undefined ? {} : { db }),
    };
    const stored = await this.#boss.send(queue, payload, options);
    // Not stored: its id is taken, or its key by a job that waits or runs.
    if (stored !== null || key === undefined) return uuid;
    const { rows } = await (db ?? this.#database).executeSql(
      `select id from ${this.#schema}.job where name = $1 and singleton_key = $2 and state <= 'active' limit 1`,
      [queue, singletonKey],
    );
    // That job may have ended in between.
    return rows[0]?.id ?? this.add({ task, uuid, payload, key, runAt, priority }, tx);
  }

  #keyless(task: string, uuid: string): string {
    return this.#tasks.get(task)?.ordered ? NO_KEY : uuid;
  }

  #transaction(tx: unknown): Sql {
    if (this.#embedded === undefined) return sqlOfTransaction(tx);
    throw new OffloopError(
      "OFFLOOP_JOBS_TRANSACTION",
      "Cannot enqueue in a transaction: the jobs are embedded, in a database that yours does not reach",
      { fix: "set DATABASE_URL to the PostgreSQL that the transaction is on, or leave tx out" },
    );
  }

  async due(tasks: readonly string[]): Promise<readonly string[]> {
    return (await this.#records.due(tasks.map(queueName))).map(taskName);
  }

  async take(task: string, most: number): Promise<readonly TakenJob[]> {
    const { concurrency } = this.#tasks.get(task) as JobTask;
    const jobs =
      concurrency === undefined
        ? await this.#fetch(task, most)
        : await this.#fetchWithin(task, most, concurrency);
    if (jobs.length === 0) return [];
    // What a statement updates comes in any order.
    jobs.sort((a, b) => b.priority - a.priority || a.createdOn.getTime() - b.createdOn.getTime());
    const claims = jobs.map((job) => claimOf(task, job));
    const lost = await this.#startAttempts(claims);
    return jobs.map((job, index) => ({
      ...(claims[index] as Claim),
      payload: job.data,
      enqueuedAt: job.createdOn,
      lostBefore: lost.has(job.id),
    }));
  }

  #fetch(task: string, most: number, db?: Sql): Promise<JobWithMetadata<JobPayload>[]> {
    const options = { batchSize: most, includeMetadata: true, ...(db === undefined ? {} : { db }) } as const;
    return this.#boss.fetch<JobPayload>(queueName(task), options);
  }

  /** One process after the other counts what runs and takes the rest: pg-boss's own limit is none across processes. */
  #fetchWithin(task: string, most: number, concurrency: number): Promise<JobWithMetadata<JobPayload>[]> {
    return inTransaction(this.#database, async (db) => {
      await db.executeSql("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
        `${this.#schema} ${task}`,
      ]);
      const { rows } = await db.executeSql(
        `select count(*)::int as running from ${this.#schema}.job where name = $1 and state = 'active'`,
        [queueName(task)],
      );
      const free = Math.min(most, concurrency - rows[0].running);
      return free > 0 ? this.#fetch(task, free, db) : [];
    });
  }

  /** The jobs are taken by now: they run, whether or not their attempts can be noted. */
  async #startAttempts(claims: readonly Claim[]): Promise<ReadonlySet<string>> {
    try {
      return await this.#attempts.start(claims);
    } catch (error) {
      this.#onError(error as Error);
      return new Set();
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    const done = Object.groupBy(settlements, ({ claim, outcome }) =>
      outcome.kind === "done" ? `${claim.task} ${JSON.stringify(outcome.result)}` : "",
    );
    for (const [group, same = []] of Object.entries(done)) {
      if (group === "") for (const settlement of same) await this.#settleOne(settlement);
      else await this.#complete(same);
    }
    await this.#attempts.end(settlements);
  }

  /** Those of a task that gave the same are one statement. */
  async #complete(same: readonly Settlement[]): Promise<void> {
    const { claim, outcome } = same[0] as Settlement;
    const { result } = outcome as Extract<Outcome, { kind: "done" }>;
    await this.#boss.complete(queueName(claim.task), same.map(attemptOf), { result });
  }

  async #settleOne(settlement: Settlement): Promise<void> {
    const { claim, outcome } = settlement;
    if (outcome.kind === "failed")
      await this.#boss.fail(queueName(claim.task), attemptOf(settlement), { error: outcome.error });
    if (outcome.kind === "dead") await this.#kill(settlement, outcome.error);
    if (outcome.kind === "interrupted") await this.#putBack(settlement);
  }

  /** Failed, and no attempts left: pg-boss has no call for it. */
  #kill(settlement: Settlement, error: DescribedError): Promise<void> {
    const { claim } = settlement;
    const queue = queueName(claim.task);
    return inTransaction(this.#database, async (db) => {
      const failed = (await this.#boss.fail(queue, attemptOf(settlement), { error }, { db })) as Affected;
      if (failed.affected === 0) return;
      const { uuid: id, takes: retryLimit } = claim;
      const { updated } = await this.#boss.update(queue, undefined, { id, retryLimit, startAfter: 0, db });
      if (updated > 0) await this.#boss.fail(queue, id, { error }, { db });
    });
  }

  /** Waiting again with an attempt more, for the one that was broken off; fenced, so that a late end is not heard. */
  #putBack(settlement: Settlement): Promise<void> {
    const { claim, payload } = settlement;
    const queue = queueName(claim.task);
    const { uuid: id, retryLimit } = claim;
    return inTransaction(this.#database, async (db) => {
      const cancelled = (await this.#boss.cancel(queue, attemptOf(settlement), { db })) as Affected;
      if (cancelled.affected === 0) return;
      await this.#boss.resume(queue, id, { db });
      const again = { ...payload, interrupted: (payload.interrupted ?? 0) + 1 };
      await this.#boss.update(queue, again, { id, retryLimit: retryLimit + 1, startAfter: 0, db });
    });
  }

  saveProgress(claim: Claim, value: number): Promise<void> {
    return this.#attempts.saveProgress(claim, value);
  }

  async cancel({ task, uuid }: JobRef): Promise<boolean> {
    const { affected } = (await this.#boss.cancel(queueName(task), uuid)) as Affected;
    if (affected > 0) await this.#announce("cancelled", { task, uuid });
    return affected > 0;
  }

  async retry({ task, uuid }: JobRef): Promise<boolean> {
    const queue = queueName(task);
    try {
      const again = (await this.#boss.retry(queue, uuid)) as Affected;
      const resumed = (await this.#boss.resume(queue, uuid)) as Affected;
      const { updated } = await this.#boss.update(queue, undefined, { id: uuid, startAfter: 0 });
      // A worker may have it by now: then there was nothing left to update.
      if (again.affected + resumed.affected + updated === 0) return false;
    } catch (error) {
      if ((error as { code?: string }).code === KEY_TAKEN) return false;
      throw error;
    }
    await this.#announce("changed", { task, uuid });
    return true;
  }

  async #announce(kind: "cancelled" | "changed", job: JobRef): Promise<void> {
    const notice = formatNotice({ kind, ...job });
    await this.#database.executeSql("select pg_notify($1, $2)", [noticeChannel(this.#schema), notice]);
  }

  find(job: JobRef): Promise<JobRecord | undefined> {
    return this.#records.find(queueName(job.task), job);
  }

  list(filter: JobFilter): Promise<readonly JobRecord[]> {
    return this.#records.list(filter);
  }

  attempts(job: JobRef): Promise<readonly AttemptRecord[]> {
    return this.#attempts.of(job);
  }

  async depths(): Promise<readonly TaskDepth[]> {
    const queues = await this.#boss.getQueues();
    return this.#records.depths(new Map(queues.map((queue) => [queue.name, countedOf(queue)])));
  }

  async dropSchedules(task: string, except: string): Promise<void> {
    const { rows } = await this.#database.executeSql(
      `select id from ${this.#schema}.job
      where name = $1 and state = 'created' and data ? 'schedule' and data ->> 'schedule' <> $2`,
      [queueName(task), except],
    );
    if (rows.length > 0)
      await this.#boss.deleteJob(
        queueName(task),
        rows.map(({ id }) => id),
      );
  }

  listen(onNotice: (notice: Notice) => void): () => void {
    return this.#notices.listen(onNotice);
  }

  /**
   * Says that attempts go on.
   *
   * @returns Those that are no longer this process's: their jobs were cancelled, or given to another.
   */
  async beat(claims: readonly Claim[]): Promise<readonly Claim[]> {
    const lost: Claim[] = [];
    for (const [task, own] of Map.groupBy(claims, (claim) => claim.task)) {
      const attempts = own.map(({ uuid: id, takes: retryCount }) => ({ id, retryCount }));
      const { settled } = (await this.#boss.touch(queueName(task), attempts)) as unknown as Affected;
      lost.push(...own.filter(({ uuid }) => !settled?.includes(uuid)));
    }
    return lost;
  }

  /** Gives jobs whose process is gone to others, and removes what is kept no longer. */
  async supervise(): Promise<void> {
    await this.#boss.supervise();
  }

  /** Removes what stands beside jobs that are gone. */
  sweep(): Promise<void> {
    return this.#attempts.sweep();
  }

  async close(): Promise<void> {
    await this.#listening?.close();
    await this.#boss.stop({ graceful: false });
    await this.#embedded?.close();
  }
}

function claimOf(task: string, { id, retryCount, retryLimit }: JobWithMetadata<JobPayload>): Claim {
  return { task, uuid: id, takes: retryCount, retryLimit };
}

/** Done and cancelled jobs are what remains of all. */
function countedOf({ totalCount, queuedCount, activeCount, failedCount }: QueueResult): CountedJobs {
  return { dead: failedCount, ended: Math.max(0, totalCount - queuedCount - activeCount - failedCount) };
}

function attemptOf({ claim }: Settlement): { id: string; retryCount: number } {
  return { id: claim.uuid, retryCount: claim.takes };
}
