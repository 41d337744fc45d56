import assert from "node:assert/strict";
import { test } from "node:test";
import { repositoryRoot } from "../../scripts/finding.ts";
import { readImports } from "../../scripts/import-graph.ts";
import { SourceTree } from "../../scripts/source-tree.ts";

/** Every file of src, and every package, that is loaded with one file. */
function loadedWith(entry: string): Set<string> {
  const tree = new SourceTree(repositoryRoot);
  const loaded = new Set([entry]);
  for (const file of loaded) {
    if (!file.startsWith("src/")) continue;
    const source = tree.parse(file);
    for (const { specifier, target, typeOnly } of readImports(source)) {
      const lazy = new RegExp(`import\\("${specifier.replaceAll(".", "\\.")}"\\)`).test(source.text);
      if (!typeOnly && !lazy) loaded.add(target ?? specifier);
    }
  }
  return loaded;
}

for (const entry of ["src/index.ts", "src/security.ts", "src/threads/inside/entry.ts"]) {
  test(`${entry}, which threads load, brings neither the web server nor the documentation`, () => {
    const heavy = [...loadedWith(entry)].filter((name) =>
      /^src\/(openapi|cli)\/|^fastify$|\/http\/server/.test(name),
    );
    assert.deepEqual(heavy, []);
  });
}
