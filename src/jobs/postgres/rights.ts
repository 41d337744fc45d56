import { OffloopError } from "../../errors/offloop-error.ts";
import type { Sql } from "./database.ts";

/** PostgreSQL's code for what writes, on a server or in a transaction that does not. */
export const READ_ONLY = "25006";

/** What is wrong where jobs can be read but not written. */
export const readOnlyRefusal = {
  why: "it takes no writes: it is a standby, or default_transaction_read_only is on",
  fix: "let DATABASE_URL (or jobs.url) name a server that takes writes, with a role for which default_transaction_read_only is off",
} as const;

/** pg-boss's functions. The schema may have others, such as those of an extension in `public`, which nobody calls here. */
const functions =
  "'create_queue', 'delete_queue', 'job_now', 'job_table_format', 'job_table_run', 'job_table_run_async'";

/**
 * Finds what nobody would notice before the first job is stored. To read jobs, as commands do, needs less.
 *
 * @throws {OffloopError} `OFFLOOP_JOBS_DATABASE` where nothing can be written, `OFFLOOP_JOBS_SCHEMA` where the role may
 * not.
 */
export async function checkRights(sql: Sql, schema: string): Promise<void> {
  const { rows } = await sql.executeSql(
    `select current_setting('transaction_read_only') = 'on' as "isReadOnly", current_user as role, array(
      select privilege || ' on ' || name
      from unnest(array['job', 'job_common', 'job_attempt', 'queue', 'version']) as name,
        unnest(array['select', 'insert', 'update', 'delete']) as privilege
      where not coalesce(has_table_privilege(to_regclass($1 || '.' || name), privilege), true)
    ) || array(
      select 'execute on ' || proname from pg_proc
      where pronamespace = to_regnamespace($1) and proname in (${functions})
        and not has_function_privilege(oid, 'execute') order by proname
    ) as missing`,
    [schema],
  );
  const { isReadOnly, role, missing } = rows[0] as { isReadOnly: boolean; role: string; missing: string[] };
  const { why, fix } = readOnlyRefusal;
  if (isReadOnly)
    throw new OffloopError("OFFLOOP_JOBS_DATABASE", `Cannot keep jobs in the database: ${why}`, { fix });
  if (missing.length === 0) return;
  throw new OffloopError(
    "OFFLOOP_JOBS_SCHEMA",
    `Cannot keep jobs in the schema "${schema}": the role "${role}" has no right to ${missing.join(", ")}`,
    {
      fix: [...new Set(missing.map(grantOf))]
        .map((grant) => `${grant} in schema ${schema} to "${role}"`)
        .join("; "),
    },
  );
}

function grantOf(right: string): string {
  return right.startsWith("execute")
    ? "grant execute on all functions"
    : "grant select, insert, update, delete on all tables";
}
