import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRegexes } from "../../scripts/check-regexes.ts";
import { runOn } from "./fixture-tree.ts";

test("checkRegexes refuses a regex whose time is not linear, literal or made, and passes others", (t) => {
  const findings = runOn(t, checkRegexes, {
    "src/app/numbers.ts": [
      "export const safe = /^\\d+$/;",
      "export const quadratic = /\\d+x/;",
      'export const made = new RegExp("(a+)+$", "u");',
    ].join("\n"),
  });
  assert.deepEqual(
    findings.map((finding) => finding.split(" ")[0]),
    ["src/app/numbers.ts:2", "src/app/numbers.ts:3"],
  );
});

test("checkRegexes fails where it reads no regex", (t) => {
  const [finding = ""] = runOn(t, checkRegexes, { "src/app/none.ts": "export const none = 1;" });
  assert.match(finding, /none was found/);
});
