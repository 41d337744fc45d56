import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { errorCodes } from "../../src/errors/offloop-error.ts";

const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");

test("docs/errors.md has a section for every code, and for no other", () => {
  const documented = [...page.matchAll(/^## `?(OFFLOOP_\w+)`?$/gm)].map(([, code]) => code);
  assert.deepEqual(documented, Object.keys(errorCodes));
});

test("docs/errors.md says what each code means in the words of the table", () => {
  for (const [code, meaning] of Object.entries(errorCodes))
    assert.ok(page.includes(`## \`${code}\`\n\n${meaning}`), `${code}: ${meaning}`);
});

test("every code of the table is used in the source", async () => {
  const { globSync, readFileSync } = await import("node:fs");
  const root = new URL("../../src/", import.meta.url);
  const source = globSync("**/*.ts", { cwd: root.pathname })
    .filter((file) => file !== "errors/offloop-error.ts")
    .map((file) => readFileSync(new URL(file, root), "utf8"))
    .join("\n");
  assert.deepEqual(
    Object.keys(errorCodes).filter((code) => !source.includes(code)),
    [],
  );
});
