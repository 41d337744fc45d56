import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNames } from "../../scripts/check-names.ts";
import { runOn } from "./fixture-tree.ts";

// Put together from parts, since the check searches this file too.
const unfinished = "TO" + "DO";

test("checkNames passes names that say what is there", (t) => {
  const findings = runOn(t, checkNames, {
    "src/app/source-location.ts": "export class SourceLocation {}\nconst helper = 1;\nvoid helper;",
    "src/http/library.ts": "export const commonality = 1;\nexport type TodoList = string[];",
    "test/path/hash.test.ts": `test("a todo list", () => {});`,
    "examples/shop/README.md": "A shop.",
  });
  assert.deepEqual(findings, []);
});

test("checkNames refuses files and folders named after a drawer", (t) => {
  const findings = runOn(t, checkNames, {
    "src/utils/path.ts": "",
    "src/threads/thread-manager.ts": "",
    "src/lib.ts": "",
    "src/inspector/misc.css": "",
  });
  assert.deepEqual(
    findings.map((finding) => finding.split(" ")[0]),
    ["src/inspector/misc.css:1", "src/lib.ts:1", "src/threads/thread-manager.ts:1", "src/utils/path.ts:1"],
  );
  assert.match(findings[3] ?? "", /"utils" does not say what is in it\n {2}fix name it after/);
});

test("checkNames refuses exported names that say nothing", (t) => {
  const findings = runOn(t, checkNames, {
    "src/app/app.ts": [
      "export class ThreadManager {}",
      "export function pathHelper(): void {}",
      "export const HTTPUtils = 1;",
      `export { a as common } from "./a.ts";`,
      `export * as lib from "./a.ts";`,
      "export type QUEUE_MISC = 1;",
    ].join("\n"),
    "src/app/a.ts": "export const a = 1;",
  });
  assert.deepEqual(
    findings.map((finding) => /^\S+:\d+ Cannot export "(\w+)"/.exec(finding)?.[1]),
    ["ThreadManager", "pathHelper", "HTTPUtils", "common", "lib", "QUEUE_MISC"],
  );
});

test("checkNames wants kebab-case for files and folders of code", (t) => {
  const findings = runOn(t, checkNames, {
    "src/app/sourceLocation.ts": "",
    "test/Path/hash.test.ts": "",
    "bench/load_test.ts": "",
  });
  assert.deepEqual(
    findings.map((finding) => /"(.+)": names are kebab-case/.exec(finding)?.[1]),
    ["load_test.ts", "sourceLocation.ts", "Path"],
  );
});

test("checkNames finds marks of unfinished work in code and pages, with their line", (t) => {
  const findings = runOn(t, checkNames, {
    "src/app/app.ts": `// one\n// ${unfinished}: later`,
    "examples/shop/README.md": `A shop. ${"FIX" + "ME"}`,
    "docs/plan.md": unfinished,
  });
  assert.deepEqual(
    findings.map((finding) => finding.split("\n")[0]),
    [
      `examples/shop/README.md:1 Cannot keep a ${"FIX" + "ME"}`,
      `src/app/app.ts:2 Cannot keep a ${unfinished}`,
    ],
  );
});
