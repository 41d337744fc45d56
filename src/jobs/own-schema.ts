import { OffloopError } from "../errors/offloop-error.ts";
import type { Sql } from "./database.ts";

/** Insufficient privilege. */
export const NO_RIGHT = "42501";

/** What stands beside pg-boss's tables, by its name. Ours are the indexes of lists: it has none for an order by state. */
const statements = {
  job_attempt: (schema: string) => `create table if not exists ${schema}.job_attempt (
  job uuid not null,
  takes int not null,
  task text not null,
  process text not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  outcome text,
  error jsonb,
  progress real,
  primary key (job, takes)
);`,
  job_ended: (schema: string) => `create index if not exists job_ended
on ${schema}.job (name, state, completed_on, id) where completed_on is not null;
drop index if exists ${schema}.job_cancelled;`, // of the first release, and part of this one
  job_keyed: (schema: string) => `create index if not exists job_keyed
on ${schema}.job (name, singleton_key, created_on, id) where singleton_key like '=%';`,
} as const;

/** The SQL that makes all of it, and leaves what is there. */
export function ownSchemaSql(schema: string): string {
  return Object.values(statements)
    .map((statement) => statement(schema))
    .join("\n");
}

/**
 * Makes what an installation does not have yet. A role that may not is not to ask for it where all is there.
 *
 * @returns What a role without the right has to leave out, if it can: lists are slow without their indexes.
 */
export async function createOwnSchema(sql: Sql, schema: string): Promise<OffloopError | undefined> {
  const names = Object.keys(statements);
  const { rows } = await sql.executeSql(
    "select name from unnest($1::text[]) as name where to_regclass($2 || '.' || name) is null",
    [names, schema],
  );
  if (rows.length === 0) return undefined;
  try {
    // One process makes it: two at once would be in each other's way.
    await sql.executeSql(
      `select pg_advisory_xact_lock(hashtextextended('${schema} own schema', 0));\n${ownSchemaSql(schema)}`,
    );
    return undefined;
  } catch (error) {
    const isUsable = rows.every(({ name }: { name: string }) => name !== "job_attempt");
    if (!isUsable || (error as { code?: string }).code !== NO_RIGHT) throw error;
    return new OffloopError(
      "OFFLOOP_JOBS_SCHEMA",
      `Cannot make the indexes of the schema "${schema}": lists of jobs are slow without them`,
      { fix: 'run the SQL of "offloop jobs app.ts schema" with a role that may create it', cause: error },
    );
  }
}
