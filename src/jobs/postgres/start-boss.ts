import { setTimeout as delay } from "node:timers/promises";
import type { PgBoss } from "pg-boss";
import { type EngineOptions, NO_SCHEMA_NAMES } from "./engine-setup.ts";
import { NO_RIGHT } from "./own-schema.ts";
import { READ_ONLY } from "./rights.ts";
import { findVersions, isNewer, unusableError } from "./schema-version.ts";

/** How often a database is tried that may be starting, or has no connection left, and how long after the first time. */
const STARTS = 3;
const START_AGAIN_MS = 1_000;

/**
 * Starts pg-boss. What would be refused each time is not tried again, as it would be by pg-boss.
 *
 * @param create - Creates one, and says whether it makes the schema and adds what it lacks.
 * @throws {OffloopError} `OFFLOOP_JOBS_SCHEMA` when the schema is to be used as it is, and is not there or too old.
 */
export async function startBoss(
  create: (migrate: boolean) => PgBoss,
  { asIs = false, schema }: EngineOptions,
): Promise<PgBoss> {
  let migrate = !asIs;
  for (let tries = 1; ; ) {
    const boss = create(migrate);
    try {
      return await boss.start();
    } catch (error) {
      // It opens its connections before anything is refused.
      const versions = migrate ? undefined : await findVersions(boss, schema).catch(() => undefined);
      await boss.stop({ graceful: false }).catch(() => {});
      const unusable = versions && unusableError(versions, schema);
      if (unusable !== undefined) throw unusable;
      // It refuses a newer schema only where it may not migrate, though there is nothing to migrate.
      if (versions !== undefined && isNewer(versions)) migrate = true;
      else if (tries++ === STARTS || isFinal(error)) throw error;
      else await delay(START_AGAIN_MS * 2 ** (tries - 2));
    }
  }
}

/** Whether a database refuses what the role may not do, or a name: waiting does not help. */
function isFinal(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code !== undefined && (code === NO_RIGHT || code === READ_ONLY || NO_SCHEMA_NAMES.has(code));
}
