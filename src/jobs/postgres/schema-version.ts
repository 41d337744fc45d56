import type { PgBoss } from "pg-boss";
import { OffloopError } from "../../errors/offloop-error.ts";
import { loadPgBoss } from "./engine-setup.ts";

/** Versions of pg-boss's part of a schema. */
export interface SchemaVersions {
  /** Undefined where there is none. */
  readonly stored: number | undefined;
  /** That of the installed pg-boss; not a number where it cannot be found out. */
  readonly installed: number;
}

/** Whether a newer pg-boss has made the schema. */
export function isNewer({ stored, installed }: SchemaVersions): boolean {
  return stored !== undefined && stored > installed;
}

/** @param boss - Whose connections are open. */
export async function findVersions(boss: PgBoss, schema: string): Promise<SchemaVersions> {
  const { getConstructionPlans } = await loadPgBoss();
  // What it would store is all that pg-boss says of its own version.
  const installed = Number(/\.version\(version\) VALUES \('(\d+)'\)/.exec(getConstructionPlans(schema))?.[1]);
  const stored = (await boss.isInstalled()) ? ((await boss.schemaVersion()) ?? undefined) : undefined;
  return { stored, installed };
}

/** The warning where a newer pg-boss has made the schema: releases that were taken back meet it, and mostly work. */
export function newerWarning({ stored, installed }: SchemaVersions, schema: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOBS_SCHEMA",
    `Cannot vouch for jobs in the schema "${schema}": a newer pg-boss made it (version ${stored}), and the installed one knows ${installed}`,
    { fix: "run npm install pg-boss@latest, or deploy the release that made it" },
  );
}

/** Why jobs cannot be asked for in a schema as it is; undefined where its versions do not stand in the way. */
export function unusableError(
  { stored, installed }: SchemaVersions,
  schema: string,
): OffloopError | undefined {
  if (stored === undefined)
    return new OffloopError(
      "OFFLOOP_JOBS_SCHEMA",
      `Cannot find the jobs: the database has none in a schema "${schema}"`,
      {
        fix: "check that DATABASE_URL (or jobs.url) and jobs.schema are those of the app; its first start makes the schema",
      },
    );
  if (!(stored < installed)) return undefined;
  return new OffloopError(
    "OFFLOOP_JOBS_SCHEMA",
    `Cannot ask for jobs in the schema "${schema}": it has version ${stored}, and the installed pg-boss needs ${installed}`,
    {
      fix: "start this release of the app, which adds what is missing, or run the command of the one that runs",
    },
  );
}
