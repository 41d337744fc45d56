import type { PgBoss } from "pg-boss";
import { type DescribedError, describeError } from "../../errors/described-error.ts";
import { isUnreachable } from "../refusals.ts";
import type { JobPayload, TakenJob } from "../store.ts";
import type { JobsDatabase, Sql } from "./database.ts";
import { queueName } from "./queue-name.ts";

/** A job whose payload does not arrive, and what reading it has failed with. */
export interface Unread {
  readonly id: string;
  readonly error: unknown;
}

/**
 * Of a task whose next job could not be taken alone: whether that job's payload is why. It may be too large to arrive in
 * time, or for the memory of the database or a text of V8. Then the same job would be tried for ever, and all behind it
 * would wait.
 *
 * @throws What reading it has failed with, when the database does not answer at all.
 */
export async function findUnread(
  boss: PgBoss,
  {
    database,
    schema,
    task,
  }: { readonly database: JobsDatabase; readonly schema: string; readonly task: string },
): Promise<Unread | undefined> {
  const queue = queueName(task);
  const id = await nextOf(boss, database, queue);
  if (id === undefined) return undefined;
  try {
    await readPayload(database, schema, { queue, id });
    return undefined;
  } catch (error) {
    if (isUnreachable(error)) await database.executeSql("select 1");
    return { id, error };
  }
}

/** Takes it and puts it back at once: which job is next is pg-boss's to say. */
async function nextOf(boss: PgBoss, database: JobsDatabase, queue: string): Promise<string | undefined> {
  const open = await database.beginTransaction();
  try {
    const [next] = await boss.fetch(queue, { includeMetadata: true, db: withoutPayloads(open.db) });
    return next?.id;
  } finally {
    await open.rollback();
  }
}

/** The same database, where taking jobs leaves what may be large in their rows: pg-boss has no option for it. */
export function withoutPayloads(db: Sql): Sql {
  return {
    executeSql: (text, values) =>
      db.executeSql(
        `with taken as (${text})
        select id, "retryCount", "retryLimit", priority, "createdOn" from taken`,
        values,
      ),
  };
}

/** The payload of a stored job. */
export async function readPayload(
  sql: Sql,
  schema: string,
  { queue, id }: { readonly queue: string; readonly id: string },
): Promise<unknown> {
  const { rows } = await sql.executeSql(`select data from ${schema}.job where name = $1 and id = $2`, [
    queue,
    id,
  ]);
  return rows[0]?.data;
}

/** A row of a job, and how much that holds. */
interface SizedRow {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
}

/** What a job holds, which may be large, or why it cannot be read. */
export interface Held {
  /** Another program may have sent the job. */
  readonly data: Partial<JobPayload> | null;
  readonly output: { readonly result?: unknown; readonly error?: DescribedError } | null;
  readonly unread?: string;
}

/**
 * What each of some jobs holds, by its id. The smallest are read first: one that is larger than what cannot be read is
 * not tried, since each may take as long as a statement may.
 *
 * @throws What reading one has failed with, when the database does not answer at all.
 */
export async function readHeld(
  sql: Sql,
  schema: string,
  rows: readonly SizedRow[],
): Promise<ReadonlyMap<string, Held>> {
  const read = new Map<string, Held>();
  let unread: string | undefined;
  for (const row of rows.toSorted((one, other) => one.bytes - other.bytes)) {
    const found = unread === undefined ? await heldOf(sql, schema, row) : { ...nothing, unread };
    unread = found.unread;
    read.set(row.id, found);
  }
  return read;
}

const nothing = { data: null, output: null };

async function heldOf(sql: Sql, schema: string, { name, id }: SizedRow): Promise<Held> {
  try {
    const { rows } = await sql.executeSql(
      `select data, output from ${schema}.job where name = $1 and id = $2`,
      [name, id],
    );
    return rows[0] ?? nothing;
  } catch (error) {
    if (isUnreachable(error)) await sql.executeSql("select 1");
    return { ...nothing, unread: describeError(error).message.split("\n")[0] as string };
  }
}

/** A payload as offloop stores it, or why there is none: another program may have sent the job. */
export function payloadOf(data: unknown): Pick<TakenJob, "payload" | "unread"> {
  if (Array.isArray((data as JobPayload | null | undefined)?.args)) return { payload: data as JobPayload };
  return { payload: undefined, unread: new TypeError("they are not stored as offloop stores them") };
}
