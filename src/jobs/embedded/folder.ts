import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { getSystemErrorMessage } from "node:util";
import { OffloopError } from "../../errors/offloop-error.ts";

/** The error for a folder that another process has open: it names the process, if that is known. */
export function ownedError(dir: string, pid: number | undefined): OffloopError {
  const who = pid === undefined ? "another process" : `process ${pid}`;
  return new OffloopError(
    "OFFLOOP_JOBS_OWNED",
    `Cannot open the jobs in ${dir}: ${who} has them open, and embedded jobs can be open in one process only`,
    {
      fix: `set DATABASE_URL to a PostgreSQL that all processes share, or stop ${pid === undefined ? "the other process" : who}; if you have just killed it, start again in a few seconds`,
    },
  );
}

/** The error for a folder in which jobs are looked for before any were kept there. */
export function emptyError(dir: string): OffloopError {
  return new OffloopError("OFFLOOP_JOBS_FOLDER", `Cannot find the jobs: ${dir} has none`, {
    fix: "run this in the folder that the app runs in, or set its DATABASE_URL; its first start makes the jobs",
  });
}

/** The error that says why a folder could not be opened. */
export async function folderError(dir: string, cause: unknown): Promise<OffloopError> {
  if ((cause as { code?: string }).code === "ERR_MODULE_NOT_FOUND") {
    return new OffloopError(
      "OFFLOOP_JOBS_PACKAGE",
      "Cannot keep jobs in a folder: @electric-sql/pglite is not installed",
      { fix: "run npm install @electric-sql/pglite, or set DATABASE_URL", cause },
    );
  }
  const { code, message } = systemErrorOf(cause) ?? (cause as NodeJS.ErrnoException);
  const isRefused = code !== undefined || isNewFolder(dir);
  const [why, fix] = isRefused ? [message, folderFix(code)] : [await versionsOf(dir, message), VERSION_FIX];
  return new OffloopError("OFFLOOP_JOBS_FOLDER", `Cannot open the jobs in ${dir}: ${why}`, {
    fix: `${fix}, or set DATABASE_URL`,
    cause,
  });
}

/** PGlite runs on WebAssembly, whose numbers for what a system refuses are its own. It throws them without a message. */
const systemCodes: Readonly<Record<number, keyof typeof constants.errno>> = {
  2: "EACCES",
  19: "EDQUOT",
  29: "EIO",
  33: "EMFILE",
  51: "ENOSPC",
  63: "EPERM",
  69: "EROFS",
};

/** What the system refused to PGlite; undefined where something else failed. */
function systemErrorOf(
  cause: unknown,
): Required<Pick<NodeJS.ErrnoException, "code" | "message">> | undefined {
  const { name, errno } = cause as NodeJS.ErrnoException;
  if (name !== "ErrnoError" || errno === undefined) return undefined;
  const code = systemCodes[errno];
  if (code === undefined)
    return { code: `errno ${errno}`, message: `the system refused it (errno ${errno})` };
  return { code, message: `${code}: ${getSystemErrorMessage(-constants.errno[code])}` };
}

const VERSION_FIX = "install the PGlite that wrote the folder, or remove the folder with the jobs in it";

/** @param code - The system's code, if it was the system that refused. */
function folderFix(code: string | undefined): string {
  return code === "ENOSPC" || code === "EDQUOT"
    ? "make room on its disk"
    : "let the user that runs the app write to the folder, or name another one in jobs.dir";
}

/** What is wrong with a folder that has a database. */
async function versionsOf(dir: string, message: string): Promise<string> {
  const [written, readable] = [writtenVersion(dir), await readableVersion()];
  return written === readable
    ? message
    : `PostgreSQL ${written} wrote it, and the installed PGlite is PostgreSQL ${readable}`;
}

/** Whether opening the folder creates the database in it. */
export function isNewFolder(dir: string): boolean {
  return writtenVersion(dir) === undefined;
}

function writtenVersion(dir: string): string | undefined {
  const file = join(dir, "pg", "PG_VERSION");
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

/** PGlite reveals its PostgreSQL version only once it runs. */
async function readableVersion(): Promise<string> {
  const { PGlite } = await import("@electric-sql/pglite");
  await using pg = await PGlite.create();
  const { rows } = await pg.query<{ major: string }>(
    "select (current_setting('server_version_num')::int / 10000)::text as major",
  );
  return rows[0]?.major ?? "unknown";
}
