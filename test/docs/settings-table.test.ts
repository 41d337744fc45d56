import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { resolveSettings } from "../../src/app/settings/settings.ts";

const page = readFileSync(new URL("../../docs/settings.md", import.meta.url), "utf8");
/** Default and reason of each option. */
const rows = new Map(
  [...page.matchAll(/^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, name = "", byDefault = "", why = ""]) => [name, { byDefault, why }],
  ),
);

/** Defaults that depend on something, which the page says in words. */
const inWords: ReadonlySet<string> = new Set([
  "threads.max",
  "threads.resourceLimits",
  "log.secrets",
  "log.skipPaths",
  "jobs.url",
]);

/** Every setting by its name in the table. */
function* leaves(value: unknown, name = ""): Generator<[name: string, value: unknown]> {
  const fields = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (fields.length === 0) yield [name, value];
  for (const [key, inner] of fields) yield* leaves(inner, name === "" ? key : `${name}.${key}`);
}

const units: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576 };

/** A default as the code has it: "10 MiB", "1,000", "`offloop`", "none". */
function defaultIn(text: string): string | undefined {
  const [, digits = "", unit = ""] = /^([\d,]+)(?: (KiB|MiB))?$/.exec(text) ?? [];
  if (digits !== "") return String(Number(digits.replaceAll(",", "")) * (units[unit] ?? 1));
  return text === "none" ? undefined : text.replaceAll(/["`]/g, "");
}

test("the table of docs/settings.md has the default of every setting, and a reason for it", () => {
  const defaults = new Map(leaves(resolveSettings()));
  assert.deepEqual(
    [...defaults.keys()].filter((name) => !rows.has(name)),
    [],
  );
  for (const [name, { byDefault, why }] of rows) {
    assert.match(why, /\w\W+\w/, name);
    if (inWords.has(name)) continue;
    const value = defaults.get(name);
    assert.equal(defaultIn(byDefault), value === undefined || value === "" ? undefined : String(value), name);
  }
});
