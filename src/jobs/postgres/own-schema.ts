import { OffloopError } from "../../errors/offloop-error.ts";
import type { Sql } from "./database.ts";

/** PostgreSQL's code for insufficient privilege. */
export const NO_RIGHT = "42501";

/**
 * Our additions next to pg-boss's tables, by name. Indexes for lists, since pg-boss has none for an order by state; and
 * for the occurrences of schedules, which each start looks for, whatever else waits.
 */
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
  progress double precision,
  primary key (job, takes)
);`,
  job_ended: (schema: string) => `create index if not exists job_ended
on ${schema}.job (name, state, completed_on, id) where completed_on is not null;
drop index if exists ${schema}.job_cancelled;`, // created by the first release, and covered by this one
  job_keyed: (schema: string) => `create index if not exists job_keyed
on ${schema}.job (name, singleton_key, created_on, id) where singleton_key like '=%';`,
  job_scheduled: (schema: string) => `create index if not exists job_scheduled
on ${schema}.job (name, id) where state = 'created' and data ? 'schedule';`,
} as const;

/** The SQL that creates all of it, and leaves what exists. */
export function ownSchemaSql(schema: string): string {
  return Object.values(statements)
    .map((statement) => statement(schema))
    .join("\n");
}

/**
 * Creates what an installation does not have yet. A role without the right to create must not attempt it when
 * everything exists.
 *
 * @returns What a role without the right has to do without, if it can: lists and starts are slow without their indexes.
 */
export async function createOwnSchema(sql: Sql, schema: string): Promise<OffloopError | undefined> {
  const names = Object.keys(statements);
  const { rows } = await sql.executeSql(
    "select name from unnest($1::text[]) as name where to_regclass($2 || '.' || name) is null",
    [names, schema],
  );
  if (rows.length === 0) return undefined;
  try {
    // One process at a time creates it: two would get in each other's way.
    await sql.executeSql(
      `select pg_advisory_xact_lock(hashtextextended('${schema} own schema', 0));\n${ownSchemaSql(schema)}`,
    );
    return undefined;
  } catch (error) {
    const isUsable = rows.every(({ name }: { name: string }) => name !== "job_attempt");
    if (!isUsable || (error as { code?: string }).code !== NO_RIGHT) throw error;
    return new OffloopError(
      "OFFLOOP_JOBS_SCHEMA",
      `Cannot make the indexes of the schema "${schema}": lists of jobs, and starts while many wait, are slow without them`,
      { fix: 'run the SQL of "offloop jobs app.ts schema" with a role that may create it', cause: error },
    );
  }
}
