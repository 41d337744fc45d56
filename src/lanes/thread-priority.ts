import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Logger } from "pino";
import type { ThreadPriority } from "../app/settings.ts";

/** Warns where threads cannot stand back as far as the settings say. */
export function warnOfPriority(priority: ThreadPriority, log: Pick<Logger, "warn">): void {
  if (priority !== "idle" || process.platform !== "linux" || isProgram("chrt")) return;
  log.warn(
    'threads.priority is "idle", but the program chrt is not on the PATH, so threads get the nice value 19. ' +
      "Install the package util-linux, or set threads.priority to 19",
  );
}

function isProgram(name: string): boolean {
  const folders = process.env.PATH?.split(delimiter).filter((folder) => folder !== "") ?? [];
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
