import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { repositoryRoot } from "../../scripts/finding.ts";
import { writeTree } from "./fixture-tree.ts";

/** The rules that biome refuses files for, with the settings of this repository: "rule file". */
function lint(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const root = writeTree(t, files);
  cpSync(join(repositoryRoot, "biome.json"), join(root, "biome.json"));
  cpSync(join(repositoryRoot, ".gitignore"), join(root, ".gitignore"));
  mkdirSync(join(root, ".git"));
  const biome = join(repositoryRoot, "node_modules", "@biomejs", "biome", "bin", "biome");
  const args = [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.match(stdout, /^\{/, stderr);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  return diagnostics.map(({ category, location }) => `${category.split("/").at(-1)} ${location.path}`).sort();
}

const lines = (count: number): string => "  console.info();\n".repeat(count);

test("biome passes functions at their limits", (t) => {
  const text = `export function run(a: 1, b: 2, c: 3, d: 4): void {\n  console.info(a, b, c, d);\n${lines(49)}}\n`;
  assert.deepEqual(lint(t, { "src/app/run.ts": text }), []);
});

test("biome refuses more than 50 lines of a function in src, wherever it is written, and not in a test", (t) => {
  const body = `{\n${lines(51)}}`;
  const found = lint(t, {
    "src/app/function.ts": `export function run(): void ${body}\n`,
    "src/app/late.ts": `export const late = async (): Promise<void> => ${body};\n`,
    "src/app/method.ts": `export class Pool {\n  run(): void ${body}\n}\n`,
    "test/app/run.test.ts": `export function run(): void ${body}\n`,
  });
  assert.deepEqual(
    found,
    ["function", "late", "method"].map((name) => `noExcessiveLinesPerFunction src/app/${name}.ts`),
  );
});

test("biome refuses a fifth parameter, a name in another case and a cycle of types", (t) => {
  const found = lint(t, {
    "src/app/run.ts": "export const run = (a: 1, b: 2, c: 3, d: 4, e: 5): unknown[] => [a, b, c, d, e];\n",
    "src/app/sourceLocation.ts": "export const a = 1;\n",
    "src/app/a.ts": `import type { B } from "./b.ts";\n\nexport type A = B | 1;\n`,
    "src/app/b.ts": `import type { A } from "./a.ts";\n\nexport type B = A[];\n`,
  });
  assert.deepEqual(found, [
    "noImportCycles src/app/a.ts",
    "noImportCycles src/app/b.ts",
    "useFilenamingConvention src/app/sourceLocation.ts",
    "useMaxParams src/app/run.ts",
  ]);
});
