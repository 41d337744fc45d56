import type { Log } from "../../app/log.ts";
import { counted } from "../../errors/counted.ts";
import type { ErrorCode } from "../../errors/offloop-error.ts";
import type { Sql } from "./database.ts";
import { queueName, taskName } from "./queue-name.ts";

/** Jobs of one task are counted up to this number. */
const MOST = 10_000;

const CODE: ErrorCode = "OFFLOOP_JOBS_UNDECLARED";

/** The jobs of a task that the app does not declare: none of its processes runs them. */
export interface Undeclared {
  readonly task: string;
  /** How many wait; counted up to 10,000. */
  readonly waiting: number;
}

/** Finds what no process of this app will run: the task was removed or renamed, or is another app's. */
export async function findUndeclared(
  sql: Sql,
  schema: string,
  declared: Iterable<string>,
): Promise<Undeclared[]> {
  const { rows } = await sql.executeSql(
    `select name, jobs from ${schema}.queue cross join lateral (
      select count(*)::int as jobs from (
        select from ${schema}.job j where j.name = queue.name and j.state < 'active' limit ${MOST}
      ) counted
    ) own
    where name <> all ($1::text[]) and jobs > 0 order by name`,
    [[...declared].map(queueName)],
  );
  return (rows as { name: string; jobs: number }[]).map(({ name, jobs }) => ({
    task: taskName(name),
    waiting: jobs,
  }));
}

/** Says so at the start of a process that works on jobs. */
export async function sayUndeclared(
  sql: Sql,
  schema: string,
  declared: Iterable<string>,
  log: Log,
): Promise<void> {
  const found = await findUndeclared(sql, schema, declared);
  const [first] = found;
  if (first === undefined) return;
  const tasks = found.map(({ task }) => task);
  const jobs = found.reduce((sum, { waiting }) => sum + waiting, 0);
  log.warn(
    { code: CODE, tasks },
    `${counted(jobs, "job")} ${jobs === 1 ? "waits" : "wait"} for tasks that this app does not declare: ${tasks.join(", ")}. Declare them until their jobs are done, or cancel these: "offloop jobs <module> list --task ${argument(first.task)}" shows them`,
  );
}

/** A task's name as a shell takes it. */
function argument(task: string): string {
  return /^[\w.:-]+$/.test(task) ? task : `'${task.replaceAll("'", "'\\''")}'`;
}
