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
      `select ${columns}, a.progress from ${this.#schema}.job j
      left join ${this.#schema}.job_attempt a on a.job = j.id and a.takes = j.retry_count
      where j.name = $1 and j.id = $2`,
      [queue, uuid],
    );
    return rows[0] && this.#recordOf(rows[0]);
  }

  /** By queue, so that each is read along its index; then the first of all. */
  async list({ task, state, limit }: JobFilter): Promise<JobRecord[]> {
    const queues = [...this.#tasks].filter(([, name]) => task === undefined || name === task);
    const order = orderOf(state);
    const { rows } = await this.#sql.executeSql(
      `select j.*, a.progress from unnest($1::text[]) as queue,
        lateral (
          select ${columns} from ${this.#schema}.job j
          where j.name = queue ${state === undefined ? "" : `and j.state = '${storedStates[state]}'`}
          order by ${order} limit $2
        ) j
      left join ${this.#schema}.job_attempt a on a.job = j.id and a.takes = j.retry_count
      order by ${order} limit $2`,
      [queues.map(([queue]) => queue), limit],
    );
    return rows.map((row) => this.#recordOf(row));
  }

  /** Queues with a job whose time has come. */
  async due(queues: readonly string[]): Promise<string[]> {
    const { rows } = await this.#sql.executeSql(
      `select queue from unnest($1::text[]) as queue where exists (
        select 1 from ${this.#schema}.job j
        where j.name = queue and j.state in ('created', 'retry') and not j.blocked and j.start_after <= now()
      )`,
      [queues],
    );
    return rows.map(({ queue }: { queue: string }) => queue);
  }

  /** @param dead - How many of each queue are dead, as pg-boss counted them last: they may be many, and old. */
  async depths(dead: ReadonlyMap<string, number>): Promise<TaskDepth[]> {
    const { rows } = await this.#sql.executeSql(
      `select name, state, count(*)::int as jobs, min(start_after) filter (where start_after <= now()) as oldest
      from ${this.#schema}.job where state in ('created', 'retry', 'active') group by name, state`,
    );
    return [...this.#tasks].map(([queue, task]) => {
      const own = rows.filter(({ name }: Row) => name === queue);
      const count = (state: StoredState): number => own.find((row) => row.state === state)?.jobs ?? 0;
      const due = own.flatMap(({ state, oldest }) => (state === "active" || oldest === null ? [] : [oldest]));
      return {
        task,
        waiting: count("created"),
        running: count("active"),
        failed: count("retry"),
        dead: dead.get(queue) ?? 0,
        oldestDueAt: due.sort((a, b) => a.getTime() - b.getTime())[0],
      };
    });
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

function orderOf(state: JobState | undefined): string {
  if (state === "waiting") return "created_on, id";
  return state === "done" || state === "dead" || state === "cancelled"
    ? "completed_on desc, id"
    : "created_on desc, id";
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
