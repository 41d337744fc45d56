import type { Log } from "../app/log.ts";
import { counted } from "../errors/counted.ts";
import type { ErrorCode } from "../errors/offloop-error.ts";
import type { Sql } from "./database.ts";
import { queueName, taskName } from "./queue-name.ts";

/** Jobs of one task are counted up to this number. */
const MOST = 10_000;

const CODE: ErrorCode = "OFFLOOP_JOBS_UNDECLARED";

/** Says which stored jobs no process of this app will run: their task was removed or renamed, or is another app's. */
export async function sayUndeclared(
  sql: Sql,
  schema: string,
  declared: Iterable<string>,
  log: Log,
): Promise<void> {
  const { rows } = await sql.executeSql(
    `select name, jobs from ${schema}.queue cross join lateral (
      select count(*)::int as jobs from (
        select from ${schema}.job j where j.name = queue.name and j.state < 'active' limit ${MOST}
      ) counted
    ) own
    where name <> all ($1::text[]) and jobs > 0 order by name`,
    [[...declared].map(queueName)],
  );
  if (rows.length === 0) return;
  const tasks = (rows as { name: string }[]).map(({ name }) => taskName(name));
  const jobs = (rows as { jobs: number }[]).reduce((sum, row) => sum + row.jobs, 0);
  log.warn(
    { code: CODE, tasks },
    `${counted(jobs, "job")} ${jobs === 1 ? "waits" : "wait"} for tasks that this app does not declare: ${tasks.join(", ")}. Declare them until their jobs are done, or cancel these`,
  );
}
