import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import type { App } from "offloop";
import { guard } from "../../src/guard/guard.ts";

const folder = new URL("../../examples/", import.meta.url);
const names = (await readdir(folder)).filter((name) => /^\d\d-/.test(name));

for (const name of names) {
  test(`the guard finds nothing in ${name}`, async () => {
    const { default: app } = (await import(new URL(`${name}/app.ts`, folder).href)) as { default: App };
    assert.deepEqual(guard(app), []);
  });
}

test("examples/README.md names every example", async () => {
  const readme = await readFile(new URL("README.md", folder), "utf8");
  assert.equal(names.length, 6);
  for (const name of names) assert.ok(readme.includes(`](${name}/app.ts)`), name);
});
