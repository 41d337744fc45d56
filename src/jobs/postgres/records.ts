import type { JobState } from "../../app/tasks/jobs.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import type { CurrentSchedule, JobFilter, JobRecord, JobRef, TaskDepth } from "../store.ts";
import type { Sql } from "./database.ts";
import { queueName, taskName } from "./queue-name.ts";
import { type Held, readHeld } from "./unread.ts";

/** pg-boss's names for the states. */
const storedStates = {
  waiting: "created",
  running: "active",
  done: "completed",
  failed: "retry",
  dead: "failed",
  cancelled: "cancelled",
} as const satisfies Record<JobState, string>;

type StoredState = (typeof storedStates)[JobState];

const states = Object.fromEntries(
  Object.entries(storedStates).map(([state, stored]) => [stored, state]),
) as Record<StoredState, JobState>;

interface Row extends Held {
  readonly id: string;
  readonly name: string;
  readonly state: StoredState;
  readonly retry_count: number;
  readonly singleton_key: string | null;
  readonly priority: number;
  readonly created_on: Date;
  readonly start_after: Date;
  readonly started_on: Date | null;
  readonly completed_on: Date | null;
  readonly progress: number | null;
}

/** How large is what a job holds. */
const heldBytes = "coalesce(pg_column_size(j.data), 0) + coalesce(pg_column_size(j.output), 0) as bytes";
const others = `j.id, j.name, j.state, j.retry_count, j.singleton_key, j.priority, j.created_on, j.start_after,
  j.started_on, j.completed_on`;

/** A waiting occurrence of a schedule that this process does not keep. */
interface OtherOccurrence {
  readonly id: string;
  /** Whether a process stored it that began later. */
  readonly isNewer: boolean;
}

/** A statement that finds jobs. */
interface Found {
  readonly found: string;
  /** The order of its rows. */
  readonly by: string;
  readonly values: readonly unknown[];
}

/** Reads jobs for display, with statements of its own: pg-boss lists only oldest first, and one queue at a time. */
export class Records {
  readonly #sql: Sql;
  readonly #schema: string;
  /** Tasks, keyed by the queue that stores their jobs. */
  readonly #tasks: ReadonlyMap<string, string>;

  constructor(sql: Sql, schema: string, tasks: ReadonlyMap<string, string>) {
    this.#sql = sql;
    this.#schema = schema;
    this.#tasks = tasks;
  }

  /** @returns Each of them, in the same order; undefined for one that does not exist. */
  async findAll(jobs: readonly JobRef[]): Promise<(JobRecord | undefined)[]> {
    const rows = await this.#rows((columns) => [
      `select wanted.place, j.*, a.progress
      from unnest($1::text[], $2::uuid[]) with ordinality as wanted(queue, job, place), lateral (
        select ${columns} from ${this.#schema}.job j where j.name = wanted.queue and j.id = wanted.job limit 1
      ) j ${this.#withProgress}`,
      [jobs.map(({ task }) => queueName(task)), jobs.map(({ uuid }) => uuid)],
    ]);
    const found = new Map(rows.map((row) => [Number(row.place), this.#recordOf(row)]));
    return jobs.map((_, index) => found.get(index + 1));
  }

  async list(filter: JobFilter): Promise<JobRecord[]> {
    const rows = await this.#rows((columns) => {
      const { found, by, values } = this.#found(filter, columns);
      return [`select j.*, a.progress from (${found}) j ${this.#withProgress} order by ${by}`, values];
    });
    return rows.map((row) => this.#recordOf(row));
  }

  /**
   * The rows with what their jobs hold. Where the database or the driver cannot hold that, it is read of each job alone,
   * and those of which it cannot be read even so are shown without it.
   */
  async #rows(
    statement: (columns: string) => readonly [text: string, values: readonly unknown[]],
  ): Promise<readonly (Row & { readonly place?: unknown })[]> {
    try {
      return (await this.#sql.executeSql(...statement(`${others}, j.data, j.output`))).rows;
    } catch {
      // Fails likewise where it was not what they hold.
      const { rows } = await this.#sql.executeSql(...statement(`${others}, ${heldBytes}`));
      const read = await readHeld(this.#sql, this.#schema, rows);
      return rows.map((row: Row) => ({ ...row, ...read.get(row.id) }));
    }
  }

  /** The same jobs without what they hold, which may be large. */
  async listRefs(filter: JobFilter): Promise<JobRef[]> {
    const { found, values } = this.#found(
      filter,
      "j.id, j.name, j.created_on, j.start_after, j.completed_on",
    );
    const { rows } = await this.#sql.executeSql(found, values);
    return rows.map(({ id, name }: Pick<Row, "id" | "name">) => ({ task: taskName(name), uuid: id }));
  }

  #found({ task, state, key, after, limit }: JobFilter, wanted: string): Found {
    // One that the app does not declare any more may have left jobs behind.
    const queues = task === undefined ? [...this.#tasks.keys()] : [queueName(task)];
    const order = orderOf(state);
    const values: unknown[] = [queues, limit];
    const placeholder = (value: unknown): string => `$${values.push(value)}`;
    const conditions = [
      ...(state === undefined ? [] : [`j.state = '${storedStates[state]}'`, order.indexed]),
      // The pattern is that of the index, and matches every key that users give.
      ...(key === undefined
        ? []
        : [`j.singleton_key = ${placeholder(storedKey(key))} and j.singleton_key like '=%'`]),
      ...(after === undefined ? [] : [this.#isAfter(after, order, placeholder)]),
    ];
    const found =
      key === undefined
        ? this.#eachQueue(conditions, order, wanted)
        : `select ${wanted} from ${this.#schema}.job j where ${["j.name = any ($1)", ...conditions].join(" and ")}`;
    return { found: `select * from (${found}) j order by ${order.by} limit $2`, by: order.by, values };
  }

  /** One lookup along the key for each job: a plan of PostgreSQL's own would read every attempt. */
  get #withProgress(): string {
    return `left join lateral (
      select progress from ${this.#schema}.job_attempt where job = j.id and takes = j.retry_count limit 1
    ) a on true`;
  }

  /** Queue by queue, so that each is read along its index; then the first of all of them are taken. */
  #eachQueue(conditions: readonly string[], { by }: Order, wanted: string): string {
    return `select j.* from unnest($1::text[]) as queue, lateral (
      select ${wanted} from ${this.#schema}.job j
      where ${["j.name = queue", ...conditions].join(" and ")} order by ${by} limit $2
    ) j`;
  }

  #isAfter({ task, uuid }: JobRef, { column, is }: Order, placeholder: (value: unknown) => string): string {
    return `(j.${column}, j.id) ${is} (
      select ${column}, id from ${this.#schema}.job where name = ${placeholder(queueName(task))} and id = ${placeholder(uuid)}
    )`;
  }

  /** Queues with a job whose time has come: one lookup along an index for each, however many jobs wait. */
  async due(queues: readonly string[]): Promise<string[]> {
    const { rows } = await this.#sql.executeSql(
      `select queue from unnest($1::text[]) as queue, lateral (
        (${this.#oldestDue("created")}) union all (${this.#oldestDue("retry")}) limit 1
      ) due`,
      [queues],
    );
    return rows.map(({ queue }: { queue: string }) => queue);
  }

  /** Ordered, so that PostgreSQL takes the first entry of an index instead of reading the table. */
  #oldestDue(state: StoredState): string {
    return `select start_after from ${this.#schema}.job
      where name = queue and state = '${state}' and not blocked and start_after <= now()
      order by start_after limit 1`;
  }

  /**
   * Waiting and ended jobs may be many: beyond a limit, which is lower for those that have ended, the most recent count
   * is used.
   *
   * @param counted - pg-boss's count for each queue.
   */
  async depths(counted: ReadonlyMap<string, CountedJobs>): Promise<TaskDepth[]> {
    const { rows } = await this.#sql.executeSql(
      `select queue, ${this.#countUpTo(WAITING_TO, "j.state = 'created'")} as waiting,
        ${this.#count("active")} as running,
        ${this.#count("retry")} as failed, ${this.#countEnded("failed")} as dead,
        ${this.#countEnded("completed")} + ${this.#countEnded("cancelled")} as ended,
        least((${this.#oldestDue("created")}), (${this.#oldestDue("retry")})) as oldest
      from unnest($1::text[]) as queue`,
      [[...this.#tasks.keys()]],
    );
    return rows.map(({ queue, waiting, running, failed, dead, ended, oldest }) => {
      const last = counted.get(queue);
      return {
        task: this.#tasks.get(queue) as string,
        waiting: beyond(WAITING_TO, waiting, last && last.queued - failed),
        running,
        failed,
        dead: beyond(ENDED_TO, dead, last?.dead),
        ended: beyond(ENDED_TO, ended, last?.ended),
        oldestDueAt: oldest ?? undefined,
      };
    });
  }

  /** By state alone, so that an index covers it. */
  #count(state: StoredState): string {
    return `(select count(*)::int from ${this.#schema}.job where name = queue and state = '${state}')`;
  }

  /** The condition of the index of ended jobs is true of each. */
  #countEnded(state: StoredState): string {
    return this.#countUpTo(ENDED_TO, `j.completed_on is not null and j.state = '${state}'`);
  }

  #countUpTo(most: number, condition: string): string {
    return `(select count(*)::int from (
      select from ${this.#schema}.job j where j.name = queue and ${condition} limit ${most + 1}
    ) counted)`;
  }

  /** Those of some jobs that were cancelled. */
  async cancelled(queue: string, uuids: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.#sql.executeSql(
      `select id from ${this.#schema}.job where name = $1 and id = any ($2::uuid[]) and state = 'cancelled'`,
      [queue, uuids],
    );
    return new Set(rows.map(({ id }: { id: string }) => id));
  }

  /** Whether a job is done or cancelled, or does not exist. */
  async isOver(queue: string, uuid: string, sql: Sql): Promise<boolean> {
    const { rows } = await sql.executeSql(
      `select 1 from ${this.#schema}.job where name = $1 and id = $2 and state not in ('completed', 'cancelled')`,
      [queue, uuid],
    );
    return rows.length === 0;
  }

  /** Which attempt of each job was the last to begin, where one has. */
  async lastTakes(queue: string, uuids: readonly string[], sql: Sql): Promise<ReadonlyMap<string, number>> {
    const { rows } = await sql.executeSql(
      `select id, retry_count as takes from ${this.#schema}.job
      where name = $1 and id = any ($2::uuid[]) and started_on is not null`,
      [queue, uuids],
    );
    return new Map(rows.map(({ id, takes }: { id: string; takes: number }) => [id, takes]));
  }

  /** The waiting occurrences of a task's other schedules. The condition is that of their index: millions may wait beside. */
  async otherOccurrences(queue: string, { mark, since }: CurrentSchedule): Promise<OtherOccurrence[]> {
    const { rows } = await this.#sql.executeSql(
      `select id, coalesce((data ->> 'scheduledSince')::float8, 0) > $3::float8 as "isNewer"
      from ${this.#schema}.job
      where name = $1 and state = 'created' and data ? 'schedule' and data ->> 'schedule' <> $2`,
      [queue, mark, since],
    );
    return rows;
  }

  #recordOf(row: Row): JobRecord {
    const { data, output, started_on: startedOn } = row;
    const ended = row.completed_on ?? undefined;
    return {
      task: taskName(row.name),
      uuid: row.id,
      state: states[row.state],
      attempt: startedOn === null ? 0 : row.retry_count + 1 - (data?.interrupted ?? 0),
      args: data?.args ?? [],
      ...(row.unread !== undefined && { unread: row.unread }),
      key: userKey(row.singleton_key),
      priority: row.priority,
      progress: row.progress ?? undefined,
      result: row.state === "completed" ? output?.result : undefined,
      error: row.state === "completed" ? undefined : errorOf(output),
      enqueuedAt: row.created_on,
      runAt: row.start_after,
      startedAt: startedOn ?? undefined,
      endedAt: ended,
    };
  }
}

/** pg-boss has a key for every job of ours; those given by users begin with "=". */
export function storedKey(key: string): string {
  return `=${key}`;
}

function userKey(stored: string | null): string | undefined {
  return stored?.startsWith("=") ? stored.slice(1) : undefined;
}

/** An order that one of pg-boss's indexes has. */
interface Order {
  readonly column: string;
  /** The columns, as a total order. */
  readonly by: string;
  /** The comparison that selects what comes later in it. */
  readonly is: "<" | ">";
  /** The condition of the index, which is true of every job in the state. */
  readonly indexed: string;
}

const byNewest: Order = { column: "created_on", by: "created_on desc, id desc", is: "<", indexed: "true" };
const bySoonest: Order = { column: "start_after", by: "start_after, id", is: ">", indexed: "not j.blocked" };
const byLastEnded: Order = {
  column: "completed_on",
  by: "completed_on desc, id desc",
  is: "<",
  indexed: "j.completed_on is not null",
};

function orderOf(state: JobState | undefined): Order {
  if (state === undefined || state === "running") return byNewest;
  return state === "waiting" || state === "failed" ? bySoonest : byLastEnded;
}

/** Waiting jobs are counted up to this number on every request. */
const WAITING_TO = 50_000;
/** And those that have ended up to this one: they are kept for days. */
const ENDED_TO = 10_000;

/** How many jobs a queue has, as pg-boss last counted them. */
export interface CountedJobs {
  /** Waiting, or due for a retry. */
  readonly queued: number;
  readonly dead: number;
  readonly ended: number;
}

function beyond(most: number, counted: number, last: number | undefined): number {
  return counted <= most ? counted : Math.max(counted, last ?? 0);
}

/** The error that pg-boss itself writes is that a job's heartbeat stopped. */
function errorOf(output: Row["output"]): DescribedError | undefined {
  if (output === null || "result" in output) return undefined;
  return output.error ?? lostError;
}

/** Why an attempt failed whose process has gone. */
export const lostError: DescribedError = {
  type: "JobLost",
  message: "its process ended, or lost the database, while the job ran",
};
