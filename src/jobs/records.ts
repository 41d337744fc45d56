import type { JobState } from "../app/jobs.ts";
import type { DescribedError } from "../errors/described-error.ts";
import type { Sql } from "./database.ts";
import type { JobFilter, JobPayload, JobRecord, JobRef, TaskDepth } from "./store.ts";

/** What pg-boss calls the states. */
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

interface Row {
  readonly id: string;
  readonly name: string;
  readonly state: StoredState;
  readonly data: JobPayload;
  readonly retry_count: number;
  readonly singleton_key: string | null;
  readonly priority: number;
  readonly output: { readonly result?: unknown; readonly error?: DescribedError } | null;
  readonly created_on: Date;
  readonly start_after: Date;
  readonly started_on: Date | null;
  readonly completed_on: Date | null;
  readonly progress: number | null;
}

const columns = `j.id, j.name, j.state, j.data, j.retry_count, j.singleton_key, j.priority, j.output, j.created_on,
  j.start_after, j.started_on, j.completed_on`;

/** What to list, in an order that one of pg-boss's indexes has. */
interface Listing {
  readonly where: string;
  readonly order: string;
}

const anyState: Listing = { where: "true", order: "created_on desc, id" };

const along: Readonly<Record<JobState, Listing>> = {
  waiting: dueFirst("waiting"),
  failed: dueFirst("failed"),
  running: { where: "state = 'active'", order: "created_on desc, id" },
  done: endedLast("done"),
  dead: endedLast("dead"),
  cancelled: endedLast("cancelled"),
};

function dueFirst(state: JobState): Listing {
  return { where: `state = '${storedStates[state]}' and not blocked`, order: "start_after, id" };
}

function endedLast(state: JobState): Listing {
  return {
    where: `state = '${storedStates[state]}' and completed_on is not null`,
    order: "completed_on desc, id",
  };
}

/** Reads jobs as they are shown, by statements of its own: pg-boss lists oldest first only, and by one queue. */
export class Records {
  readonly #sql: Sql;
  readonly #schema: string;
  /** Tasks by the queue that keeps their jobs. */
  readonly #tasks: ReadonlyMap<string, string>;

  constructor(sql: Sql, schema: string, tasks: ReadonlyMap<string, string>) {
    this.#sql = sql;
    this.#schema = schema;
    this.#tasks = tasks;
  }

  async find(queue: string, { uuid }: JobRef): Promise<JobRecord | undefined> {
    const { rows } = await this.#sql.executeSql(
      `select ${columns}, a.progress from ${this.#schema}.job j ${this.#withProgress}
      where j.name = $1 and j.id = $2`,
      [queue, uuid],
    );
    return rows[0] && this.#recordOf(rows[0]);
  }

  /** By queue, so that each is read along its index; then the first of all. */
  async list({ task, state, limit }: JobFilter): Promise<JobRecord[]> {
    const queues = [...this.#tasks].filter(([, name]) => task === undefined || name === task);
    const { where, order } = state === undefined ? anyState : along[state];
    const { rows } = await this.#sql.executeSql(
      `select j.*, a.progress from unnest($1::text[]) as queue,
        lateral (
          select ${columns} from ${this.#schema}.job j
          where j.name = queue and ${where} order by ${order} limit $2
        ) j ${this.#withProgress}
      order by ${order} limit $2`,
      [queues.map(([queue]) => queue), limit],
    );
    return rows.map((row) => this.#recordOf(row));
  }

  /** One look along the key for each job: a plan of its own would read every attempt there is. */
  get #withProgress(): string {
    return `left join lateral (
      select progress from ${this.#schema}.job_attempt where job = j.id and takes = j.retry_count limit 1
    ) a on true`;
  }

  /** Queues with a job whose time has come: one look along an index for each, however many jobs wait. */
  async due(queues: readonly string[]): Promise<string[]> {
    const { rows } = await this.#sql.executeSql(
      `select queue from unnest($1::text[]) as queue, lateral (
        (${this.#oldestDue("created")}) union all (${this.#oldestDue("retry")}) limit 1
      ) due`,
      [queues],
    );
    return rows.map(({ queue }: { queue: string }) => queue);
  }

  /** Ordered, so that it is the first of an index and no reason to read the table. */
  #oldestDue(state: string): string {
    return `select start_after from ${this.#schema}.job
      where name = queue and state = '${state}' and not blocked and start_after <= now()
      order by start_after limit 1`;
  }

  /** @param dead - How many of each queue are dead, as pg-boss counted them last: they may be many, and old. */
  async depths(dead: ReadonlyMap<string, number>): Promise<TaskDepth[]> {
    const count = (state: StoredState): string =>
      `(select count(*)::int from ${this.#schema}.job where name = queue and state = '${state}')`;
    const { rows } = await this.#sql.executeSql(
      `select queue, ${count("created")} as waiting, ${count("active")} as running, ${count("retry")} as failed,
        least((${this.#oldestDue("created")}), (${this.#oldestDue("retry")})) as oldest
      from unnest($1::text[]) as queue`,
      [[...this.#tasks.keys()]],
    );
    return rows.map(({ queue, waiting, running, failed, oldest }) => ({
      task: this.#tasks.get(queue) as string,
      waiting,
      running,
      failed,
      dead: dead.get(queue) ?? 0,
      oldestDueAt: oldest ?? undefined,
    }));
  }

  /** The waiting occurrences of a task's former schedules. */
  async formerOccurrences(queue: string, except: string): Promise<string[]> {
    const { rows } = await this.#sql.executeSql(
      `select id from ${this.#schema}.job
      where name = $1 and state = 'created' and data ? 'schedule' and data ->> 'schedule' <> $2`,
      [queue, except],
    );
    return rows.map(({ id }: { id: string }) => id);
  }

  #recordOf(row: Row): JobRecord {
    const { data, output, started_on: startedOn } = row;
    const ended = row.completed_on ?? undefined;
    return {
      task: this.#tasks.get(row.name) ?? row.name,
      uuid: row.id,
      state: states[row.state],
      attempt: startedOn === null ? 0 : row.retry_count + 1 - (data.interrupted ?? 0),
      args: data.args,
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

/** pg-boss keeps a key for every job of ours; those that users gave begin with "=". */
export function storedKey(key: string): string {
  return `=${key}`;
}

function userKey(stored: string | null): string | undefined {
  return stored?.startsWith("=") ? stored.slice(1) : undefined;
}

/** What pg-boss says itself is that a job's heartbeat stopped. */
function errorOf(output: Row["output"]): DescribedError | undefined {
  if (output === null || "result" in output) return undefined;
  return output.error ?? lostError;
}

/** Why an attempt failed whose process is gone. */
export const lostError: DescribedError = {
  type: "JobLost",
  message: "its process ended, or lost the database, while the job ran",
};
