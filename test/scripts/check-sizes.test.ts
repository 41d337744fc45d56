import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSizes } from "../../scripts/check-sizes.ts";
import { runOn } from "./fixture-tree.ts";

const lines = (count: number, text = "// line"): string => `${text}\n`.repeat(count);

test("checkSizes passes files and functions at their limits", (t) => {
  const findings = runOn(t, checkSizes, {
    "src/app/full.ts": lines(200),
    "src/app/function.ts": `export function run(): void {\n${lines(48)}}\n`,
    "test/long.test.ts": lines(300),
    "bench/load.ts": `function run(): void {\n${lines(100)}}\n`,
  });
  assert.deepEqual(findings, []);
});

test("checkSizes names a file one line too long", (t) => {
  const findings = runOn(t, checkSizes, {
    "src/app/long.ts": lines(201),
    "src/inspector/page.html": lines(201, "<br>"),
    "scripts/long.ts": lines(301),
  });
  assert.deepEqual(
    findings.map((finding) => finding.split("\n")[0]),
    [
      "scripts/long.ts:301 Cannot keep a file of 301 lines: the limit is 300",
      "src/app/long.ts:201 Cannot keep a file of 201 lines: the limit is 200",
      "src/inspector/page.html:201 Cannot keep a file of 201 lines: the limit is 200",
    ],
  );
});

test("checkSizes names a function of 60 lines wherever it is written", (t) => {
  const findings = runOn(t, checkSizes, {
    "src/app/app.ts": `\nexport function start(): void {\n${lines(58)}}\n`,
    "src/app/late.ts": `export const late = async () => {\n${lines(58)}};\n`,
    "src/app/method.ts": `export class Pool {\n  run(): void {\n${lines(58)}  }\n}\n`,
  });
  assert.equal(findings.length, 3);
  assert.equal(
    findings[0],
    "src/app/app.ts:2 Cannot keep a function of 60 lines: the limit is 50 (export function start(): void {)\n" +
      "  fix take one of its steps out into a function with a name",
  );
  assert.match(findings[1] ?? "", /late\.ts:1 .*export const late/);
  assert.match(findings[2] ?? "", /method\.ts:2 .*run\(\): void/);
});

test("checkSizes lets a file pass up to its ceiling and refuses exceptions that do not hold", (t) => {
  const files = { "src/app/a.ts": lines(220), "src/app/b.ts": lines(10), "src/app/c.ts": lines(260) };
  const reason = "a table";
  const findings = runOn(
    t,
    (root) =>
      checkSizes(root, {
        "src/app/a.ts": { ceiling: 220, reason },
        "src/app/b.ts": { ceiling: 220, reason },
        "src/app/c.ts": { ceiling: 280, reason },
        "src/app/gone.ts": { ceiling: 220, reason },
      }),
    files,
  );
  assert.deepEqual(
    findings.map((finding) => finding.split("\n")[0]),
    [
      "src/app/b.ts:1 Cannot keep the exception for src/app/b.ts: it has 10 lines and needs no exception",
      "src/app/c.ts:1 Cannot keep the exception for src/app/c.ts: its ceiling is 280, the hard limit 250",
      "src/app/c.ts:251 Cannot keep a file of 260 lines: the limit is 250",
      "src/app/gone.ts:1 Cannot keep the exception for src/app/gone.ts: it has 0 lines and needs no exception",
    ],
  );
});
