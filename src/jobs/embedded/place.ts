import { resolve } from "node:path";
import type { Log } from "../../app/log.ts";
import { readVariable } from "../../app/settings/environment.ts";
import { isPostgres, type ResolvedJobs } from "../../app/settings/jobs-settings.ts";
import { formatLocation } from "../../errors/offloop-error.ts";
import type { JobsPlace } from "../postgres/engine-setup.ts";
import { isNewFolder } from "./folder.ts";

/** How long a start says nothing about the jobs that it waits for. */
const PATIENCE_MS = 1_000;

/** Where jobs are stored, according to the settings. */
export function placeOf({ url, dir }: ResolvedJobs): JobsPlace {
  return url === undefined ? { dir: resolve(dir) } : { url };
}

/** Says what the start waits for: at once where that is known to take long, else after a while. */
export function sayOpening(place: JobsPlace, log: Log): NodeJS.Timeout | undefined {
  const where = "dir" in place ? place.dir : "PostgreSQL";
  if ("dir" in place && isNewFolder(place.dir)) {
    log.info(`opening the jobs in ${where}: the database is new, and making it takes some seconds`);
    return undefined;
  }
  return setTimeout(() => log.info(`opening the jobs in ${where}`), PATIENCE_MS);
}

/**
 * Says at every start where the jobs are kept. It is a warning where a URL that the app has read looks as if it were
 * meant for them: `settings` leaves `process.env` as it is, so a URL in a file reaches them only when it is passed on.
 */
export function sayKept(settings: ResolvedJobs, log: Log): void {
  const place = placeOf(settings);
  if ("url" in place) {
    log.info(`jobs are kept in PostgreSQL${serverOf(place.url)}, schema ${settings.schema}`);
    return;
  }
  const read = settings.isDirGiven ? undefined : readVariable("DATABASE_URL");
  const where = `jobs are kept in the folder ${place.dir}`;
  if (read === undefined || !isPostgres(read.text)) log.info(where);
  else
    log.warn(
      `${where}, not in the PostgreSQL of the DATABASE_URL that settings() has read at ${formatLocation(read.at)}, which does not set process.env; ` +
        "pass it on: new App({ jobs: { url: env.DATABASE_URL } }), or name the folder with jobs.dir",
    );
}

/** Database and host of a URL. Where a password might be taken for a part of them, nothing. */
function serverOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || /@/.test(parsed.pathname + parsed.search + parsed.hash)) return "";
  const host = parsed.host || parsed.searchParams.get("host");
  const database = parsed.pathname.slice(1);
  return `${database && `, database ${database}`}${host ? ` on ${host}` : ""}`;
}
