import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { test } from "node:test";
import type { App } from "offloop";
import { guard } from "../../src/guard/guard.ts";

const folder = new URL("../../examples/", import.meta.url);
const names = (await readdir(folder)).filter((name) => /^\d\d-/.test(name));
/** Its traps are what it shows. */
const trapped = "08-pairs";

for (const name of names.filter((name) => name !== trapped)) {
  test(`the guard finds nothing in ${name}`, async () => {
    const { default: app } = (await import(new URL(`${name}/app.ts`, folder).href)) as { default: App };
    assert.deepEqual(guard(app), []);
  });
}

test("the guard finds in 08-pairs what its lines are marked with, and nothing else", async () => {
  const { default: app } = (await import(new URL(`${trapped}/app.ts`, folder).href)) as { default: App };
  const found = guard(app).map(({ at, severity }) => `${basename(at.file)}:${at.line} ${severity}`);
  const operations = new URL(`${trapped}/operations/`, folder);
  const expected: string[] = [];
  for (const file of await readdir(operations)) {
    const lines = (await readFile(new URL(file, operations), "utf8")).split("\n");
    for (const [index, text] of lines.entries()) {
      const [, mark] = / \/\/ (trap|told)$/.exec(text) ?? [];
      if (mark !== undefined) expected.push(`${file}:${index + 1} ${mark === "trap" ? "warned" : mark}`);
    }
  }
  assert.ok(expected.length > 8);
  assert.deepEqual(found.sort(), expected.sort());
});

test("examples/README.md names every example", async () => {
  const readme = await readFile(new URL("README.md", folder), "utf8");
  assert.equal(names.length, 10);
  for (const name of names) assert.ok(readme.includes(`](${name}/app.ts)`), name);
});
