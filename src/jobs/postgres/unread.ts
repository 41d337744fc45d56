import type { PgBoss } from "pg-boss";
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

/** A payload as offloop stores it, or why there is none: another program may have sent the job. */
export function payloadOf(data: unknown): Pick<TakenJob, "payload" | "unread"> {
  if (Array.isArray((data as JobPayload | null | undefined)?.args)) return { payload: data as JobPayload };
  return { payload: undefined, unread: new TypeError("they are not stored as offloop stores them") };
}
