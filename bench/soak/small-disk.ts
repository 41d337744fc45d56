import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Room for two or three of the largest uploads. */
const MIB = 8;

/** A temporary folder for uploads: a disk of its own that fills up soon, if the machine allows that. */
export class SmallDisk {
  readonly folder: string = mkdtempSync(join(tmpdir(), "offloop-soak-"));
  /** Whether it is small; otherwise it is as large as the disk that contains it. */
  readonly isSmall: boolean;

  constructor() {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${MIB}m`, "tmpfs", this.folder]);
    this.isSmall = mounted.status === 0;
  }

  /** The files on it. */
  get files(): string[] {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  remove(): void {
    if (this.isSmall) spawnSync("umount", [this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
