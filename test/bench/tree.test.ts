import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Tree, withTree } from "../../bench/tree.ts";

const home = mkdtempSync(join(tmpdir(), "offloop-tree-test-"));
after(() => rmSync(home, { recursive: true, force: true }));

const git = (...args: string[]): string => execFileSync("git", args, { cwd: home, encoding: "utf8" });
const write = (file: string, text: string): void => {
  mkdirSync(join(home, file, ".."), { recursive: true });
  writeFileSync(join(home, file), text);
};
const commit = (version: string, dependencies: Record<string, string>): void => {
  const scripts = { build: "node build.js" };
  const manifest = { name: "offloop", type: "module", exports: "./dist/index.js", scripts, dependencies };
  write("package.json", JSON.stringify(manifest));
  write("version.txt", version);
  git("add", "-A");
  git("-c", "user.name=test", "-c", "user.email=test@test", "commit", "-qm", version);
};

git("init", "-q");
write(".gitignore", "node_modules\ndist/\n.offloop/\n");
write(
  "build.js",
  `import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
const version = readFileSync("version.txt", "utf8");
if (version === "broken") throw new Error("does not compile");
mkdirSync("dist", { recursive: true });
writeFileSync("dist/index.js", 'export { peer } from "peer"; export const version = ' + JSON.stringify(version));`,
);
commit("old", { peer: "1" });
git("tag", "old");
commit("broken", { peer: "1" });
git("tag", "broken");
commit("new", { peer: "2" });
write(
  "node_modules/peer/package.json",
  JSON.stringify({ name: "peer", type: "module", exports: "./index.js" }),
);
write("node_modules/peer/index.js", `export const peer = "of this tree";`);
write(
  ".offloop/bench/ask.js",
  `import { peer, version } from "offloop"; process.stdout.write(version + ", peer " + peer);`,
);

test("withTree() builds what the reference names, which its servers then import, with the packages of this tree", async () => {
  const seen = await withTree(
    "old",
    async (tree) => {
      const said = execFileSync(process.execPath, [
        join(tree.root, ".offloop", "bench", "ask.js"),
      ]).toString();
      return { tree, said };
    },
    home,
  );
  assert.equal(seen.said, "old, peer of this tree");
  assert.equal(seen.tree.commit, git("rev-parse", "--short", "old").trim());
  assert.equal(seen.tree.hasOtherDependencies, true);
  assertGone(seen.tree);
});

test("withTree() removes the tree when its use fails, and leaves node_modules alone", async () => {
  let seen: Tree | undefined;
  const failing = withTree(
    "HEAD",
    async (tree) => {
      seen = tree;
      throw new Error("no");
    },
    home,
  );
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(seen?.hasOtherDependencies, false);
  assertGone(seen as unknown as Tree);
  assert.ok(existsSync(join(home, "node_modules", "peer", "index.js")));
});

test("withTree() says which commit does not build, and why", async () => {
  const never = async (): Promise<never> => assert.fail("it did not build");
  await assert.rejects(withTree("broken", never, home), /does not build(.|\n)*does not compile/);
  assert.equal(git("worktree", "list").trim().split("\n").length, 1);
});

test("withTree() refuses a reference that names no commit", async () => {
  const never = async (): Promise<never> => assert.fail("there is no such tree");
  await assert.rejects(withTree("nowhere", never, home), /--against: "nowhere" names no commit/);
});

function assertGone({ root }: Tree): void {
  assert.equal(existsSync(root), false);
  assert.doesNotMatch(git("worktree", "list"), new RegExp(root));
}
