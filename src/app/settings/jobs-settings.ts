import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { boundsOf, DAY_MS } from "../integer.ts";
import type { Resolved } from "./resolved.ts";

/** How the jobs of durable tasks are stored and worked on. */
export interface JobsSettings {
  /**
   * URL of the PostgreSQL server that stores them. Default: the environment's `DATABASE_URL` if it begins with
   * `postgres:` or `postgresql:`; without one they are embedded.
   */
  readonly url?: string | undefined;
  /** Folder of embedded jobs, which one process at a time opens. Default `".offloop/jobs"`. */
  readonly dir?: string | undefined;
  /** Schema that stores them. Lower-case letters, digits and underscores. Default `"offloop"`. */
  readonly schema?: string | undefined;
  /**
   * Jobs that this process works on at once, on each lane; on threads, no more than there are threads. Integer,
   * 1-1,000. Default 10.
   */
  readonly concurrency?: number | undefined;
  /** How often to look for due jobs: retries and delayed ones. Milliseconds, 100-60,000. Default 1,000. */
  readonly pollMs?: number | undefined;
  /** How long a cancelled job may continue before its thread is ended. Milliseconds, 0-86,400,000. Default 1,000. */
  readonly cancelGraceMs?: number | undefined;
}

/** The same with defaults filled in; without a URL they are embedded. */
export type ResolvedJobs = Resolved<Omit<JobsSettings, "url">> &
  Pick<JobsSettings, "url"> & {
    /** Set where the app has chosen its folder, so that embedded jobs are meant. */
    readonly isDirGiven?: true;
  };

/** The names of all these settings. */
export const jobsSettingNames: Readonly<Record<keyof JobsSettings, true>> = {
  url: true,
  dir: true,
  schema: true,
  concurrency: true,
  pollMs: true,
  cancelGraceMs: true,
};

/** Whether a URL names a PostgreSQL. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
export function resolveJobs(jobs: JobsSettings): ResolvedJobs {
  const { DATABASE_URL = "" } = process.env;
  // A URL for another kind of database may well have that name.
  const url = jobs.url ?? (isPostgres(DATABASE_URL) ? DATABASE_URL : undefined);
  const schema = jobs.schema ?? "offloop";
  if (!/^[a-z_][a-z0-9_]{0,49}$/.test(schema)) {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use jobs.schema: expected 1-50 lower-case letters, digits and underscores, with no digit first, got ${shownValue(schema)}`,
      { fix: 'name it like "offloop"' },
    );
  }
  const bound = boundsOf(jobs, "jobs.");
  return {
    ...(url === undefined ? {} : { url }),
    dir: jobs.dir ?? ".offloop/jobs",
    ...(jobs.dir === undefined ? {} : { isDirGiven: true }),
    schema,
    concurrency: bound("concurrency", 10, [1, 1_000]),
    pollMs: bound("pollMs", 1_000, [100, 60_000]),
    cancelGraceMs: bound("cancelGraceMs", 1_000, [0, DAY_MS]),
  };
}
