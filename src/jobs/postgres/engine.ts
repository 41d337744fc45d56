import type { PgBoss, Queue, QueueResult } from "pg-boss";
import { within } from "../../app/within.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { EmbeddedDatabase } from "../embedded/embedded.ts";
import { emptyError, isNewFolder } from "../embedded/folder.ts";
import { NoticeBoard, noticeChannel, parseNotice } from "../notices.ts";
import type {
  AttemptRecord,
  Claim,
  CurrentSchedule,
  DeadJob,
  JobFilter,
  JobRecord,
  JobRef,
  JobStore,
  JobTask,
  LostAttempt,
  NewJob,
  Notice,
  Settlement,
  TakenJob,
  TaskDepth,
} from "../store.ts";
import { Additions } from "./additions.ts";
import { Attempts } from "./attempts.ts";
import { Changes } from "./changes.ts";
import { inTransaction, type JobsDatabase, type Sql } from "./database.ts";
import {
  asError,
  bossOptions,
  type EngineOptions,
  loadPgBoss,
  type OpenStep,
  openError,
  orderError,
  queueOf,
  settingsOf,
} from "./engine-setup.ts";
import { cancelGivenUp } from "./given-up.ts";
import { Hearing } from "./hearing.ts";
import { type Affected, Outcomes } from "./outcomes.ts";
import { createOwnSchema } from "./own-schema.ts";
import { queueName, taskName } from "./queue-name.ts";
import { type CountedJobs, lostError, Records, storedKey } from "./records.ts";
import { findVersions, isNewer, newerWarning } from "./schema-version.ts";
import { startBoss } from "./start-boss.ts";
import { Takes } from "./takes.ts";
import { openTransaction } from "./transaction.ts";

/** Ordered jobs without a key form one order. */
const NO_KEY = "-";

/** Per task and process. Embedded there is one session, so a second statement would only wait. */
const INSERTS_AT_ONCE = 4;

/** How long the connection that listens may take to end, and how long the others may. */
const CLOSE_MS = 2_000;

/** Stores jobs with pg-boss. */
export class Engine implements JobStore {
  readonly #boss: PgBoss;
  readonly #database: JobsDatabase;
  readonly #embedded: EmbeddedDatabase | undefined;
  readonly #tasks: ReadonlyMap<string, JobTask>;
  readonly #schema: string;
  readonly #attempts: Attempts;
  readonly #records: Records;
  readonly #additions: Additions;
  readonly #takes: Takes;
  readonly #outcomes: Outcomes;
  readonly #changes: Changes;
  readonly #notices = new NoticeBoard();
  readonly #hearing: Hearing;
  #listening: { close(): Promise<void> } | undefined;

  private constructor(boss: PgBoss, embedded: EmbeddedDatabase | undefined, options: EngineOptions) {
    const { schema, tasks } = options;
    this.#boss = boss;
    this.#embedded = embedded;
    this.#database = embedded ?? (boss.getDb() as JobsDatabase);
    this.#tasks = new Map(tasks.map((task) => [task.name, task]));
    this.#schema = schema;
    this.#attempts = new Attempts(this.#database, schema, noticeChannel(schema));
    const names = new Map(tasks.map(({ name }) => [queueName(name), name]));
    this.#records = new Records(this.#database, schema, names);
    this.#additions = new Additions(boss, embedded === undefined ? INSERTS_AT_ONCE : 1);
    this.#takes = new Takes(boss, this.#database, this.#attempts, schema);
    this.#outcomes = new Outcomes(boss, this.#database, this.#attempts);
    this.#changes = new Changes(boss, this.#database, {
      attempts: this.#attempts,
      records: this.#records,
      schema,
    });
    this.#hearing = new Hearing(this.#database, noticeChannel(schema), () => options.onUnheard?.());
  }

  /**
   * Opens the place of the jobs; creates its schema, and what each task needs in it, where missing, unless it is opened
   * as it is.
   *
   * @throws {OffloopError} `OFFLOOP_JOBS_PACKAGE`, `OFFLOOP_JOBS_DATABASE`, `OFFLOOP_JOBS_SCHEMA`,
   * `OFFLOOP_OPTION_INVALID`, `OFFLOOP_JOBS_FOLDER`, `OFFLOOP_JOBS_OWNED`, `OFFLOOP_JOBS_ORDER`.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { PgBoss } = await loadPgBoss();
    const { place, asIs = false } = options;
    if (asIs && "dir" in place && isNewFolder(place.dir)) throw emptyError(place.dir);
    const embedded = "dir" in place ? await EmbeddedDatabase.open(place.dir, options.onError) : undefined;
    let engine: Engine | undefined;
    const create = (migrate: boolean): PgBoss =>
      new PgBoss(bossOptions(options, embedded, migrate)).on("error", (given) => {
        const error = asError(given);
        if (engine === undefined || !engine.#hearing.isKnown(error)) options.onError(error);
      });
    let boss: PgBoss | undefined;
    let step: OpenStep = "looking for its schema";
    try {
      boss = await startBoss(create, options);
      engine = new Engine(boss, embedded, options);
      if (!asIs)
        await engine.#prepare(options, (next) => {
          step = next;
        });
      // Not before: what makes the schema goes on at the server, so that the next start finds it made.
      cancelGivenUp(engine.#database);
      return engine;
    } catch (error) {
      await boss?.stop({ graceful: false }).catch(() => {});
      await embedded?.close();
      throw openError(error, options, step);
    }
  }

  /** Runs SQL where the jobs are stored. */
  get sql(): Sql {
    return this.#database;
  }

  /** Whether the thread of an embedded database has ended, and is not replaced yet. */
  get isDown(): boolean {
    return this.#embedded?.isDown === true;
  }

  async #prepare({ onError }: EngineOptions, onStep: (step: OpenStep) => void): Promise<void> {
    onStep("trying a transaction");
    await inTransaction(this.#database, (sql) => sql.executeSql("select 1"));
    onStep("making what its schema lacks");
    const versions = await findVersions(this.#boss, this.#schema);
    if (isNewer(versions)) onError(newerWarning(versions, this.#schema));
    const refused = await createOwnSchema(this.#database, this.#schema);
    if (refused !== undefined) onError(refused);
    onStep("making the queues of the tasks");
    const there = new Map((await this.#boss.getQueues()).map((queue) => [queue.name, queue]));
    for (const task of this.#tasks.values()) await this.#prepareQueue(task, there.get(queueName(task.name)));
    if (this.#embedded !== undefined) await this.#reclaim();
    onStep("listening to notices");
    this.#listening = await this.#database.listen(
      noticeChannel(this.#schema),
      (text) => this.#hear(text),
      () => this.#onListening(),
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

  /** Embedded, jobs that are running when the folder is opened belonged to a process that has gone. */
  async #reclaim(): Promise<void> {
    const { rows } = await this.#database.executeSql(
      `select name, array_agg(id) as ids from ${this.#schema}.job where state = 'active' group by name`,
    );
    for (const { name, ids } of rows) await this.#boss.fail(name, ids, { error: lostError });
  }

  #onListening(): void {
    // Notices sent meanwhile were missed.
    for (const task of this.#tasks.keys()) this.#notices.tell({ kind: "enqueued", task });
    if (this.#embedded === undefined) void this.#hearing.try();
  }

  #hear(text: string): void {
    this.#hearing.hear(text);
    const notice = parseNotice(text, taskName);
    if (notice !== undefined) this.#notices.tell(notice);
  }

  async add(job: NewJob, tx?: unknown): Promise<string> {
    const task = this.#tasks.get(job.task) as JobTask;
    if (tx !== undefined || job.key !== undefined || task.ordered) return this.#addAlone(job, task, tx);
    await this.#additions.add(job, task);
    return job.uuid;
  }

  async #addAlone(job: NewJob, task: JobTask, tx: unknown): Promise<string> {
    const { uuid, payload, key, runAt, priority } = job;
    const queue = queueName(task.name);
    const db = tx === undefined ? undefined : await this.#transaction(tx);
    const singletonKey = key === undefined ? (task.ordered ? NO_KEY : uuid) : storedKey(key);
    const options = {
      ...settingsOf(task),
      id: uuid,
      singletonKey,
      ...(runAt === undefined ? {} : { startAfter: runAt }),
      ...(priority === undefined ? {} : { priority }),
      ...(db === undefined ? {} : { db }),
    };
    const stored = await this.#boss.send(queue, payload, options);
    // Not stored: its id is taken, or its key belongs to a job that waits or runs.
    if (stored !== null || key === undefined) return uuid;
    const { rows } = await (db ?? this.#database).executeSql(
      `select id from ${this.#schema}.job where name = $1 and singleton_key = $2 and state <= 'active' limit 1`,
      [queue, singletonKey],
    );
    // That job may have ended in between.
    return rows[0]?.id ?? this.#addAlone(job, task, tx);
  }

  async #transaction(tx: unknown): Promise<Sql> {
    if (this.#embedded === undefined) return openTransaction(tx, this.#schema);
    throw new OffloopError(
      "OFFLOOP_JOBS_TRANSACTION",
      "Cannot enqueue in a transaction: the jobs are embedded, in a database that your transaction does not reach",
      { fix: "set DATABASE_URL to the PostgreSQL that the transaction is on, or leave tx out" },
    );
  }

  async due(tasks: readonly string[]): Promise<readonly string[]> {
    return (await this.#records.due(tasks.map(queueName))).map(taskName);
  }

  take(task: string, most: number, hasSuspect = false): Promise<readonly TakenJob[]> {
    return this.#takes.take(this.#tasks.get(task) as JobTask, most, hasSuspect);
  }

  settle(settlements: readonly Settlement[]): Promise<void> {
    return this.#outcomes.settle(settlements);
  }

  saveProgress(claim: Claim, value: number): Promise<void> {
    return this.#attempts.saveProgress(claim, value);
  }

  cancel(job: JobRef): Promise<boolean> {
    return this.#changes.cancel(job);
  }

  cancelMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void> {
    return this.#changes.cancelMany(jobs, changed);
  }

  retry(job: JobRef): Promise<boolean> {
    return this.#changes.retry(job);
  }

  retryMany(jobs: readonly JobRef[], changed: Set<string>): Promise<void> {
    return this.#changes.retryMany(jobs, changed);
  }

  async find(job: JobRef): Promise<JobRecord | undefined> {
    return (await this.findAll([job]))[0];
  }

  findAll(jobs: readonly JobRef[]): Promise<readonly (JobRecord | undefined)[]> {
    return this.#records.findAll(jobs);
  }

  list(filter: JobFilter): Promise<readonly JobRecord[]> {
    return this.#records.list(filter);
  }

  listRefs(filter: JobFilter): Promise<readonly JobRef[]> {
    return this.#records.listRefs(filter);
  }

  attempts(job: JobRef): Promise<readonly AttemptRecord[]> {
    return this.#attempts.of(job);
  }

  async depths(): Promise<readonly TaskDepth[]> {
    const queues = await this.#boss.getQueues();
    return this.#records.depths(new Map(queues.map((queue) => [queue.name, countedOf(queue)])));
  }

  async dropSchedules(task: string, current: CurrentSchedule): Promise<boolean> {
    const queue = queueName(task);
    const others = await this.#records.otherOccurrences(queue, current);
    const former = others.filter(({ isNewer }) => !isNewer);
    if (former.length > 0)
      await this.#boss.deleteJob(
        queue,
        former.map(({ id }) => id),
      );
    return former.length < others.length;
  }

  listen(onNotice: (notice: Notice) => void): () => void {
    return this.#notices.listen(onNotice);
  }

  /**
   * Records that attempts are still running; rejects when the database does not answer, also where none runs.
   *
   * @returns Those that no longer belong to this process.
   */
  async beat(claims: readonly Claim[]): Promise<readonly LostAttempt[]> {
    if (claims.length === 0) await this.#database.executeSql("select 1");
    const lost: LostAttempt[] = [];
    for (const [task, own] of Map.groupBy(claims, (claim) => claim.task)) {
      const queue = queueName(task);
      const attempts = own.map(({ uuid: id, takes: retryCount }) => ({ id, retryCount }));
      const { settled } = (await this.#boss.touch(queue, attempts)) as unknown as Affected;
      const gone = own.filter(({ uuid }) => !settled?.includes(uuid));
      if (gone.length > 0) lost.push(...(await this.#whyLost(queue, gone)));
    }
    return lost;
  }

  async #whyLost(queue: string, claims: readonly Claim[]): Promise<LostAttempt[]> {
    const cancelled = await this.#records.cancelled(
      queue,
      claims.map(({ uuid }) => uuid),
    );
    return claims.map((claim) => ({ claim, why: cancelled.has(claim.uuid) ? "cancelled" : "lost" }));
  }

  /** What the clock says that judges how long ago a beat was, in milliseconds. */
  async time(): Promise<number> {
    const { rows } = await this.#database.executeSql(
      `select extract(epoch from ${this.#schema}.job_now())::float8 * 1000 as time`,
    );
    return rows[0].time;
  }

  /** Gives the jobs of processes that have gone to others, and removes expired jobs. */
  async supervise(): Promise<void> {
    await this.#boss.supervise();
  }

  /**
   * Records that jobs are dead since their last attempt was lost, with the process that ran it or its connection.
   *
   * @returns Those that no other process was given.
   */
  endLost(): Promise<readonly DeadJob[]> {
    return this.#attempts.endLost([...this.#tasks.keys()].map(queueName));
  }

  /** Removes the rows that belong to removed jobs, unless a process has done so within the hour. */
  sweep(): Promise<void> {
    return this.#attempts.sweep();
  }

  async close(): Promise<void> {
    this.#hearing.close();
    // A connection over which nothing passes would never say that it has ended.
    await within(CLOSE_MS, this.#listening?.close() ?? Promise.resolve());
    // The pool is closed before its connections are: what they report when a database ends together with them is
    // nobody's error.
    this.#boss.removeAllListeners("error").on("error", () => {});
    await within(CLOSE_MS, this.#boss.stop({ graceful: false }));
    await this.#embedded?.close();
  }
}

/** Done and cancelled jobs are what remains of the total. */
function countedOf({ totalCount, queuedCount, activeCount, failedCount }: QueueResult): CountedJobs {
  const ended = Math.max(0, totalCount - queuedCount - activeCount - failedCount);
  return { queued: queuedCount, dead: failedCount, ended };
}
