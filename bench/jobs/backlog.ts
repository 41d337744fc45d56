import { randomUUID } from "node:crypto";
import pg from "pg";
import { noticeChannel } from "../../src/jobs/notices.ts";
import { Attempts } from "../../src/jobs/postgres/attempts.ts";
import type { Sql } from "../../src/jobs/postgres/database.ts";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import { queueName } from "../../src/jobs/postgres/queue-name.ts";
import { Records, storedKey } from "../../src/jobs/postgres/records.ts";
import type { JobTask } from "../../src/jobs/store.ts";

/** The name of the task that has all the jobs. */
export const CROWDED = "crowded";

/** A key shared by many ended jobs. */
export const COMMON_KEY = "common";

/** pg-boss's names for the states. */
export type StoredState = "created" | "retry" | "active" | "completed" | "cancelled" | "failed";

/** A statement sent to the database, and what it took there. */
export interface AskedStatement {
  readonly question: string;
  readonly ms: number;
  /** Pages that were read, from memory or from disk. */
  readonly pages: number;
  readonly plan: string;
}

/** Many jobs of one task, in a schema of their own. */
export class Backlog implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #schema: string;
  readonly #client: pg.Client;

  private constructor(engine: Engine, schema: string, client: pg.Client) {
    this.#engine = engine;
    this.#schema = schema;
    this.#client = client;
  }

  static async open(url: string, schema: string): Promise<Backlog> {
    const task: JobTask = {
      name: CROWDED,
      retries: 5,
      backoffMs: 1_000,
      concurrency: 1,
      ordered: false,
      keepMs: 86_400_000,
      schedule: { mark: "", since: 0 },
    };
    const onError = (error: Error): never => {
      throw error;
    };
    const place = { url };
    const engine = await Engine.open({ place, schema, tasks: [task], maxConnections: 2, onError });
    // The engine's own limit for a statement.
    const client = new pg.Client(url);
    await client.connect();
    return new Backlog(engine, schema, client);
  }

  /** Adds copies of a job that pg-boss itself has stored, each a millisecond older than the one before. */
  async fill(count: number, state: StoredState, key?: string): Promise<void> {
    const model = randomUUID();
    await this.#engine.add({ task: CROWDED, uuid: model, payload: { args: [] } });
    const { rows } = await this.#client.query(
      `select column_name as name from information_schema.columns
      where table_schema = $1 and table_name = 'job' and is_generated = 'NEVER'`,
      [this.#schema],
    );
    const own = {
      ...ownValues(state),
      ...(key === undefined ? {} : { singleton_key: `'${storedKey(key)}'` }),
    };
    const columns = rows.map(({ name }: { name: string }) => name);
    const values = columns.map((column) => own[column as keyof typeof own] ?? `model.${column}`);
    await this.#client.query(
      `insert into ${this.#schema}.job (${columns.join(", ")})
      select ${values.join(", ")} from ${this.#schema}.job model,
        (select gen_random_uuid() as id, n * interval '1 ms' as age from generate_series(1, $2) n) new
      where model.id = $1`,
      [model, count],
    );
    await this.#engine.cancel({ task: CROWDED, uuid: model });
    if (state !== "created" && state !== "cancelled")
      await this.#client.query(
        `insert into ${this.#schema}.job_attempt (job, takes, task, process, ended_at, outcome)
        select id, retry_count, '${CROWDED}', 'bench', completed_on, 'done' from ${this.#schema}.job
        where state = $1 on conflict do nothing`,
        [state],
      );
    // PostgreSQL would do this by itself after a while.
    await this.#client.query("vacuum analyze");
  }

  /** Runs all statements behind a list, a metric and the loop, and says what each took. */
  async ask(): Promise<AskedStatement[]> {
    const asked: AskedStatement[] = [];
    let question = "";
    const explained: Sql = {
      executeSql: async (text, values) => {
        const { rows } = await this.#engine.sql.executeSql(
          `explain (analyze, timing off, buffers, format json) ${text}`,
          values,
        );
        asked.push({ question, ...costOf(rows[0]["QUERY PLAN"][0]) });
        return this.#engine.sql.executeSql(text, values);
      },
    };
    for (const [name, run] of await this.#questions(explained)) {
      question = name;
      await run();
    }
    return asked;
  }

  async #questions(sql: Sql): Promise<[string, () => Promise<unknown>][]> {
    const queue = queueName(CROWDED);
    const records = new Records(sql, this.#schema, new Map([[queue, CROWDED]]));
    const attempts = new Attempts(sql, this.#schema, noticeChannel(this.#schema));
    const [job] = await this.#engine.list({ limit: 1 });
    const ref = { task: CROWDED, uuid: job?.uuid ?? "" };
    const states = [undefined, "waiting", "running", "done", "failed", "dead", "cancelled"] as const;
    const lists = states.flatMap((state): [string, () => Promise<unknown>][] => [
      ...[50, 1_000].map((limit): [string, () => Promise<unknown>] => [
        `list ${limit} ${state ?? "of any state"}`,
        () => records.list({ state, limit }),
      ]),
      [
        `list 50 ${state ?? "of any state"} of a key`,
        () => records.list({ state, key: COMMON_KEY, limit: 50 }),
      ],
    ]);
    return [
      ["due", () => records.due([queue])],
      ["depths", () => records.depths(new Map())],
      ["find", () => records.findAll([ref])],
      ["attempts", () => attempts.of(ref)],
      ["occurrences", () => records.otherOccurrences(queue, { mark: "", since: 0 })],
      ...lists,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
    await this.#engine.close();
  }
}

/** The values in which a copy differs, by column. */
function ownValues(state: StoredState): Readonly<Record<string, string>> {
  const at = "now() - new.age";
  return {
    id: "new.id",
    singleton_key: "new.id::text",
    state: `'${state}'`,
    created_on: at,
    start_after: at,
    ...(state === "created" ? {} : { started_on: at }),
    ...(state === "completed" || state === "failed" || state === "cancelled" ? { completed_on: at } : {}),
  };
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}

interface Explained {
  readonly Plan: PlanNode;
  readonly "Execution Time": number;
}

function costOf({ Plan: plan, "Execution Time": ms }: Explained): Omit<AskedStatement, "question"> {
  return {
    ms,
    pages: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    plan: nodesOf(plan).join(", "),
  };
}

function nodesOf(node: PlanNode): string[] {
  const { "Node Type": type, "Index Name": index, Plans: inner = [] } = node;
  return [index === undefined ? type : `${type} ${index}`, ...inner.flatMap(nodesOf)];
}
