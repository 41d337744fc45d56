import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { type Check, describeFinding, repositoryRoot, sortFindings } from "../../scripts/finding.ts";

const packageJson = {
  name: "offloop",
  type: "module",
  exports: { ".": { "offloop:source": "./src/index.ts" } },
  dependencies: { fastify: "^5.0.0" },
  peerDependencies: { zod: "^4.0.0" },
};

/** Writes a small repository to a temporary folder that goes when the test ends. */
export function writeTree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "offloop-scripts-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const all = {
    "package.json": JSON.stringify(packageJson, null, 2),
    "tsconfig.json": JSON.stringify({ extends: join(repositoryRoot, "tsconfig.json") }),
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  symlinkSync(join(repositoryRoot, "node_modules"), join(root, "node_modules"), "junction");
  return root;
}

/** The findings of one check on one tree, each as a user reads it. */
export function runOn(t: TestContext, check: Check, files: Readonly<Record<string, string>>): string[] {
  return sortFindings(check(writeTree(t, files))).map(describeFinding);
}
