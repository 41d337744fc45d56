import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

/** The folder of the tree that contains this file. */
export const thisTree: string = fileURLToPath(new URL("..", import.meta.url));

/** Another state of the same repository, checked out and built. */
export interface Tree {
  readonly root: string;
  /** The commit that the reference names, abbreviated. */
  readonly commit: string;
  /** Whether it asks for dependencies other than those it is measured with, which are this tree's. */
  readonly hasOtherDependencies: boolean;
}

/**
 * Runs a function with another tree: a temporary git worktree, built by its own `npm run build`, with this tree's
 * `node_modules`. It is measured in the same way as this one, so it uses this one's compiled servers. Removed whatever
 * happens.
 *
 * @throws {Error} When the reference names no commit, or the tree does not build.
 */
export async function withTree<T>(
  ref: string,
  use: (tree: Tree) => Promise<T>,
  home: string = thisTree,
): Promise<T> {
  const commit = commitOf(ref, home);
  const root = mkdtempSync(join(tmpdir(), "offloop-bench-"));
  const remove = (): void => removeTree(root, home);
  process.once("exit", remove); // even when a signal ends the run
  try {
    git(home, "worktree", "add", "--detach", root, commit);
    symlinkSync(join(home, "node_modules"), join(root, "node_modules"), "junction");
    build(root, commit);
    cpSync(join(home, ".offloop", "bench"), join(root, ".offloop", "bench"), { recursive: true });
    const hasOtherDependencies = !isDeepStrictEqual(dependenciesOf(root), dependenciesOf(home));
    return await use({ root, commit, hasOtherDependencies });
  } finally {
    process.off("exit", remove);
    remove();
  }
}

function commitOf(ref: string, home: string): string {
  try {
    return git(home, "rev-parse", "--short", "--verify", "--quiet", `${ref}^{commit}`).trim();
  } catch (cause) {
    throw new Error(`--against: "${ref}" names no commit of this repository`, { cause });
  }
}

function build(root: string, commit: string): void {
  try {
    const shell = process.platform === "win32"; // npm is a .cmd file there, which only a shell can start
    execFileSync("npm", ["run", "build", "--silent"], { cwd: root, encoding: "utf8", stdio: "pipe", shell });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    throw new Error(`${commit} does not build with the dependencies of this tree:\n${stdout}${stderr}`, {
      cause,
    });
  }
}

function removeTree(root: string, home: string): void {
  rmSync(root, { recursive: true, force: true });
  git(home, "worktree", "prune");
}

function dependenciesOf(root: string): unknown {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: unknown;
  };
  return dependencies;
}

function git(home: string, ...args: readonly string[]): string {
  return execFileSync("git", [...args], { cwd: home, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
