import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** The versions that docs/from-fastapi.md explains, in its order. */
const explained = [...read("docs/from-fastapi.md").matchAll(/^\| (0\.[\d.]+) \|/gm)].map(
  ([, version]) => version,
);

test("a version of FastAPI that a page names is one that docs/from-fastapi.md explains", () => {
  const pages = globSync(["*.md", "docs/*.md", "bench/*.md", "examples/**/*.md"], { cwd: root });
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/fastapi (0\.\d+(?:\.\d+)?)/gi)].map(([, version = ""]) => ({ page, version })),
  );
  assert.ok(named.length >= 3, "the pages name some");
  for (const { page, version } of named)
    assert.ok(explained.includes(version), `${page}: FastAPI ${version}`);
});

test("the version of FastAPI that docs/benchmarks.md measured is that of its files of results", () => {
  const page = read("docs/benchmarks.md");
  const files = new Set([...page.matchAll(/<!-- bench \S+ (\S+\.json) -->/g)].map(([, file]) => file));
  assert.ok(files.size > 0);
  for (const file of files) {
    const measured = /"fastapi": "([^"]+)"/.exec(read(`bench/results/${file}`))?.[1];
    assert.ok(measured === undefined || explained.includes(measured), `${file}: FastAPI ${measured}`);
  }
});
