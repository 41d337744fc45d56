import { hostname } from "node:os";
import { formatNotice } from "../notices.ts";
import type { AttemptRecord, Claim, DeadJob, JobRef, Settlement } from "../store.ts";
import type { Sql } from "./database.ts";
import { queueName } from "./queue-name.ts";

/** The name of this process in the attempts it makes. */
const thisProcess = `${hostname()}:${process.pid}`;

/** The id of no job. */
const SWEEP = "00000000-0000-0000-0000-000000000000";
const SWEEP_SECONDS = 3_600;
/** How long a job may have been dead, by the clock of the database, before others see that. */
const COMMIT_MS = 60_000;

/** What was found when attempts began. */
export interface StartedAttempts {
  /** The uuids of jobs whose previous attempt never ended: its process died. */
  readonly lost: ReadonlySet<string>;
  /** The id of the transaction, with which one can ask whether it was committed. */
  readonly transaction: string;
}

/** The table of attempts: pg-boss keeps only the last error of a job, and neither its progress nor who ran it. */
export class Attempts {
  readonly #sql: Sql;
  readonly #schema: string;
  readonly #channel: string;
  /** When lost attempts of dead jobs were last looked for. */
  #lookedAt: number | undefined;

  constructor(sql: Sql, schema: string, channel: string) {
    this.#sql = sql;
    this.#schema = schema;
    this.#channel = channel;
  }

  /** Records that attempts begin here. */
  async start(claims: readonly Claim[], sql: Sql): Promise<StartedAttempts> {
    const { rows } = await sql.executeSql(
      `with begun as (
        select * from jsonb_to_recordset($1::jsonb) as claim(task text, job uuid, takes int)
      ), lost as (
        update ${this.#schema}.job_attempt a set ended_at = now(), outcome = 'lost'
        from begun where a.job = begun.job and a.takes < begun.takes and a.ended_at is null
        returning a.job
      ), added as (
        insert into ${this.#schema}.job_attempt (task, job, takes, process)
        select task, job, takes, $2 from begun
        on conflict (job, takes) do nothing
      )
      select array(select job::text from lost) as lost, pg_current_xact_id()::text as transaction`,
      [JSON.stringify(claims.map(claimRow)), thisProcess],
    );
    const { lost, transaction } = rows[0] as { lost: string[]; transaction: string };
    return { lost: new Set(lost), transaction };
  }

  /** The uuids of those jobs whose last two attempts were lost, apart from attempts that a shutdown broke off. */
  async lostTwice(claims: readonly Claim[], sql: Sql): Promise<ReadonlySet<string>> {
    const { rows } = await sql.executeSql(
      `select claim.job::text as job from jsonb_to_recordset($1::jsonb) as claim(job uuid, takes int)
      cross join lateral (
        select a.outcome, a.ended_at from ${this.#schema}.job_attempt a
        where a.job = claim.job and a.takes < claim.takes and a.outcome is distinct from 'interrupted'
        order by a.takes desc limit 2
      ) last
      where last.ended_at is null or last.outcome = 'lost'
      group by claim.job having count(*) = 2`,
      [JSON.stringify(claims.map(claimRow))],
    );
    return new Set(rows.map(({ job }: { job: string }) => job));
  }

  /**
   * Records how attempts ended, and notifies those that follow their jobs. If the job was cancelled, so is the attempt.
   * If the job was taken away, the attempt is left open, however it ended: the process that runs the job next, or finds
   * it dead, records that it was lost, and logs it.
   */
  async end(settlements: readonly Settlement[], sql: Sql): Promise<void> {
    await sql.executeSql(
      `with ended as (
        select * from jsonb_to_recordset($1::jsonb)
          as claim(task text, queue text, job uuid, takes int, outcome text, error jsonb, progress double precision, notice text)
      ), judged as (
        select ended.*, case
          when ended.outcome in ('failed', 'dead', 'cancelled') then ended.outcome
          when j.state = 'cancelled' then 'cancelled'
          when ended.outcome = 'done' and j.state = 'completed' and j.retry_count = ended.takes then 'done'
          when ended.outcome = 'interrupted' and j.state = 'created' and j.retry_count = ended.takes then 'interrupted'
          end as judgement
        from ended left join ${this.#schema}.job j on j.name = ended.queue and j.id = ended.job
      ), saved as (
        update ${this.#schema}.job_attempt a
        set ended_at = case when judgement is not null then now() end, outcome = judgement,
          error = judged.error, progress = coalesce(judged.progress, a.progress)
        from judged where a.job = judged.job and a.takes = judged.takes and a.ended_at is null
      )
      select pg_notify('${this.#channel}', notice) from ended`,
      [JSON.stringify(settlements.map(settlementRow))],
    );
  }

  /**
   * Records that the last attempts of jobs were lost, where nothing has recorded how they ended. Of all processes, one
   * is given each job. The first look is at every dead job, later ones only at those that died since.
   */
  async endLost(queues: readonly string[]): Promise<DeadJob[]> {
    const now = performance.now();
    const { rows } = await this.#sql.executeSql(
      `with dead as (
        select j.id, j.retry_count, coalesce((j.data ->> 'interrupted')::int, 0) as interrupted
        from ${this.#schema}.job j cross join lateral (
          select from ${this.#schema}.job_attempt a
          where a.job = j.id and a.takes = j.retry_count and a.ended_at is null limit 1
        ) unended
        where j.name = any ($1::text[]) and j.state = 'failed'
          and j.completed_on > coalesce(now() - $2::float8 * interval '1 ms', '-infinity')
      )
      update ${this.#schema}.job_attempt a set ended_at = now(), outcome = 'lost'
      from dead where a.job = dead.id and a.takes = dead.retry_count and a.ended_at is null
      returning a.task, a.job as uuid, a.takes + 1 - dead.interrupted as attempt`,
      [queues, this.#lookedAt === undefined ? null : now - this.#lookedAt + COMMIT_MS],
    );
    this.#lookedAt = now;
    return rows as DeadJob[];
  }

  async saveProgress({ task, uuid, takes }: Claim, value: number): Promise<void> {
    const notice = formatNotice({ kind: "progress", task, uuid, value });
    await this.#sql.executeSql(
      `with saved as (
        update ${this.#schema}.job_attempt set progress = $3
        where job = $1 and takes = $2 and ended_at is null
      )
      select pg_notify('${this.#channel}', $4)`,
      [uuid, takes, value, notice],
    );
  }

  /**
   * Records that attempts ended with their jobs, of those that were cancelled and wait again: one that continues has not
   * died with its process.
   */
  async endCancelled(queue: string, uuids: readonly string[], sql: Sql): Promise<void> {
    await sql.executeSql(
      `update ${this.#schema}.job_attempt a set ended_at = now(), outcome = 'cancelled'
      from ${this.#schema}.job j
      where a.job = any ($2::uuid[]) and a.ended_at is null and j.name = $1 and j.id = a.job and j.state = 'created'`,
      [queue, uuids],
    );
  }

  /** The attempts of a job, in order. One that a shutdown broke off does not count: the next has its number. */
  async of({ task, uuid }: JobRef): Promise<AttemptRecord[]> {
    const { rows } = await this.#sql.executeSql(
      `select 1 + count(*) filter (where outcome is distinct from 'interrupted') over (
          order by takes rows between unbounded preceding and 1 preceding
        )::int as attempt,
        process, started_at, ended_at, outcome, error
      from ${this.#schema}.job_attempt where job = $1 and task = $2 order by takes`,
      [uuid, task],
    );
    return rows.map((row) => ({
      attempt: row.attempt,
      process: row.process,
      startedAt: row.started_at,
      endedAt: row.ended_at ?? undefined,
      outcome: row.outcome ?? undefined,
      error: row.error ?? undefined,
    }));
  }

  /** Removes the attempts of jobs that are no longer stored; of all processes, one does it, once an hour. */
  async sweep(): Promise<void> {
    if (!(await this.#claimSweep())) return;
    await this.#sql.executeSql(
      `delete from ${this.#schema}.job_attempt a where job <> $1 and not exists
        (select 1 from ${this.#schema}.job j where j.id = a.job)`,
      [SWEEP],
    );
  }

  /** The attempt of no job says when the last sweep began. It is only locked where one is due. */
  async #claimSweep(): Promise<boolean> {
    const isDue = `started_at < now() - interval '${SWEEP_SECONDS} seconds'`;
    const { rows } = await this.#sql.executeSql(
      `insert into ${this.#schema}.job_attempt as last (job, takes, task, process)
      select $1::uuid, 0, '', $2::text
      where not exists (select 1 from ${this.#schema}.job_attempt where job = $1 and not ${isDue})
      on conflict (job, takes) do update set started_at = now(), process = excluded.process where last.${isDue}
      returning 1`,
      [SWEEP, thisProcess],
    );
    return rows.length > 0;
  }
}

function claimRow({ task, uuid, takes }: Claim): object {
  return { task, job: uuid, takes };
}

function settlementRow({ claim, outcome, progress }: Settlement): object {
  const { task, uuid } = claim;
  return {
    ...claimRow(claim),
    queue: queueName(task),
    outcome: outcome.kind,
    error: "error" in outcome ? outcome.error : null,
    progress,
    notice: formatNotice({ kind: "changed", task, uuid }),
  };
}
