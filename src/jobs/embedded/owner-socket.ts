import { createHash } from "node:crypto";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** The path of a socket has at most 107 bytes, and on macOS 103. */
const LONGEST_PATH_BYTES = 100;

/**
 * Listens on the socket of a folder. Some disks keep no sockets: those that Docker Desktop and WSL mount of another
 * system, and many of a network. There the socket is in the temporary folder, and in its place a file that names it.
 */
export async function listenFor(dir: string, server: Server): Promise<void> {
  const path = join(dir, "owner.sock");
  const own = ownPath(dir, path);
  if (own === undefined) return listenElsewhere(dir, server);
  try {
    await listenAt(server, own);
  } catch {
    await listenElsewhere(dir, server);
    await writeFile(path, elsewhere(dir));
  }
}

/** In the temporary folder, which other users of the machine share. */
async function listenElsewhere(dir: string, server: Server): Promise<void> {
  const path = elsewhere(dir);
  await listenAt(server, path);
  await chmod(path, 0o600);
}

/** Where the process that has the folder open is reached, if there is one. */
export async function reachedAt(dir: string): Promise<string> {
  const path = join(dir, "owner.sock");
  const own = ownPath(dir, path);
  if (own === undefined) return elsewhere(dir);
  // A socket, or nothing, cannot be read.
  return process.platform === "win32" ? own : readFile(path, "utf8").catch(() => own);
}

/** Undefined where the folder's name is too long for a socket in it. */
function ownPath(dir: string, path: string): string | undefined {
  if (process.platform === "win32") return `\\\\.\\pipe\\offloop-jobs-${hashOf(dir)}`;
  const local = relative(process.cwd(), path);
  const shorter = local.length < path.length ? local : path;
  return Buffer.byteLength(shorter) <= LONGEST_PATH_BYTES ? shorter : undefined;
}

function elsewhere(dir: string): string {
  return join(tmpdir(), `offloop-jobs-${hashOf(dir)}.sock`);
}

function hashOf(dir: string): string {
  return createHash("sha256").update(dir).digest("hex").slice(0, 16);
}

async function listenAt(server: Server, path: string): Promise<void> {
  // Left by a process that was killed: the folder's lock shows that it has gone.
  if (process.platform !== "win32") await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
