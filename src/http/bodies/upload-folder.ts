import cluster from "node:cluster";
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { access, constants, type FileHandle, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { everyDependency } from "../../app/dependency.ts";
import type { Operation } from "../../app/operation.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { LaneOperation } from "../../lanes/choose.ts";
import { mayHoldFile } from "../../schema/needed-file.ts";
import { isSchema } from "../../schema/schema.ts";

/** The file of an upload that is too large for memory, open for writing. */
export interface SpoolFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/** The error of a file on disk: 507 where the disk is full, 500 otherwise. Fastify reads `statusCode`. */
export class UploadDiskError extends OffloopError {
  readonly statusCode: 500 | 507;

  constructor(cause: NodeJS.ErrnoException) {
    super("OFFLOOP_UPLOAD_DISK", `Cannot keep an upload on disk: ${cause.message}`, {
      fix: folderFix(),
      cause,
    });
    this.statusCode = cause.code === "ENOSPC" || cause.code === "EDQUOT" ? 507 : 500;
  }
}

/** What to do about a temporary folder that takes no files. */
function folderFix(): string {
  return `set TMPDIR to a folder that exists, is writable and has room (now ${tmpdir()})`;
}

const PREFIX = "offloop-uploads-";
const owner = `${hostname()}-${process.pid}-`;

/** This process's folder, created when the first large file arrives. Only this user can read its contents. */
let folder: Promise<string> | undefined;

/**
 * Opens a new file for an upload. Creates the folder again if something has removed it meanwhile.
 *
 * @throws {UploadDiskError} When the system refuses.
 */
export async function openSpoolFile(): Promise<SpoolFile> {
  const opened = await openInFolder();
  if (!(opened instanceof Error)) return opened;
  if (opened.code !== "ENOENT") throw new UploadDiskError(opened);
  folder = undefined;
  const again = await openInFolder();
  if (again instanceof Error) throw new UploadDiskError(again);
  return again;
}

async function openInFolder(): Promise<SpoolFile | NodeJS.ErrnoException> {
  try {
    const path = join(await currentFolder(), randomUUID());
    return { path, handle: await open(path, "wx", 0o600) };
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function currentFolder(): Promise<string> {
  if (folder !== undefined) return folder;
  const made = mkdtemp(join(tmpdir(), `${PREFIX}${owner}`));
  made.then(removeAtExit, () => {
    folder = undefined; // the next upload tries again
  });
  folder = made;
  return made;
}

/** Removes the folder however the process ends, except for a kill that the process cannot see. */
function removeAtExit(path: string): void {
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
}

/** Removes folders left by processes of this machine that no longer run. A folder that cannot be removed stays. */
export async function removeLeftFolders(): Promise<void> {
  const mine = await folder?.catch(() => undefined);
  const names = await readdir(tmpdir()).catch(() => []);
  const left = names.filter((name) => isLeft(name) && join(tmpdir(), name) !== mine);
  await Promise.all(
    left.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})),
  );
}

/** The process's number, and what makes the name unique. */
const OWN_PART = /^(\d+)-[^-]{6}$/;

/** The name includes the host's: containers may share a folder, and each numbers its own processes. */
function isLeft(name: string): boolean {
  const ours = `${PREFIX}${hostname()}-`;
  // All of the rest: another host's name may begin with this one's.
  const [, digits] = (name.startsWith(ours) && OWN_PART.exec(name.slice(ours.length))) || [];
  const pid = Number(digits ?? 0);
  return pid > 0 && (pid === process.pid || !isRunning(pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Warns where a large upload would fail: small ones are kept in memory, so it would be found out in production. Of
 * several workers the first speaks for all.
 */
export async function warnOfUnwritableFolder(
  log: Logger,
  operations: readonly Pick<LaneOperation, "declaration">[],
): Promise<void> {
  if (cluster.isWorker && cluster.worker?.id !== 1) return;
  const refusal = await refusalOf(tmpdir());
  if (refusal === undefined) return;
  const takesFiles = operations.find(({ declaration }) => mayTakeFile(declaration));
  if (takesFiles === undefined) return;
  const { id, location: at } = takesFiles.declaration;
  const { code, message } = new OffloopError(
    "OFFLOOP_UPLOAD_DISK",
    `Cannot keep uploads of ${id} on disk once they are larger than 1 MiB: ${refusal.message}`,
    { at, fix: folderFix() },
  );
  log.warn({ code }, `${code}: ${message}`);
}

/** Why no file can be made in a folder, as far as the system says: with the last slash, a file is none. */
async function refusalOf(folder: string): Promise<Error | undefined> {
  try {
    await access(`${folder}/`, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function mayTakeFile({ inputs, deps }: Operation): boolean {
  const all = [inputs, ...[...everyDependency(deps)].map((dependency) => dependency.inputs)];
  return all.some(({ form = {} }) => (isSchema(form) ? [form] : Object.values(form)).some(mayHoldFile));
}
