import cluster from "node:cluster";
import { access, constants } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { Logger } from "pino";
import { everyDependency } from "../../app/dependency.ts";
import type { Operation } from "../../app/operation.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { LaneOperation } from "../../lanes/choose.ts";
import { mayHoldFile } from "../../schema/needed-file.ts";
import { isSchema } from "../../schema/schema.ts";
import { folderFix } from "./upload-folder.ts";

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
