import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const text = readFileSync(new URL("CONTRIBUTING.md", root), "utf8");

test("CONTRIBUTING.md names files that exist", () => {
  const named = [...text.matchAll(/`([\w-]+\/[\w/.-]+\.ts)`/g)].map(([, path = ""]) => path);
  assert.ok(named.length > 15, String(named));
  const missing = named.filter(
    (path) => !existsSync(new URL(`src/${path}`, root)) && !existsSync(new URL(path, root)),
  );
  assert.deepEqual(missing, []);
});

test("docs/lifecycle.md names files of src that exist", () => {
  const page = readFileSync(new URL("docs/lifecycle.md", root), "utf8");
  const named = [...page.matchAll(/\b((?:http|lanes|operation|threads)\/[\w/-]+\.ts)\b/g)].map(
    ([, path = ""]) => path,
  );
  assert.ok(named.length > 15, String(named));
  assert.deepEqual(
    named.filter((path) => !existsSync(new URL(`src/${path}`, root))),
    [],
  );
});

test("CONTRIBUTING.md has every folder of src in its tree", () => {
  const tree = /^src\/\n([\s\S]*?)^test\//m.exec(text)?.[1] ?? "";
  const folders = readdirSync(new URL("src/", root), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const unnamed = folders.filter(({ name }) => !new RegExp(`^ {2}.*\\b${name}/`, "m").test(tree));
  assert.deepEqual(
    unnamed.map(({ name }) => name),
    [],
  );
});
