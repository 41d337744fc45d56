import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, matchesGlob } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../../scripts/finding.ts";
import { longFiles, measuringFiles, planTests } from "../../scripts/test.ts";
import { writeTree } from "./fixture-tree.ts";

const passing = `import { test } from "node:test";\ntest("passes", () => {});\n`;
const failing = `${passing}test("fails", () => {\n  throw new Error("it is broken");\n});\n`;
const tree = {
  "test/schema/coerce.test.ts": passing,
  "test/errors/codes.test.ts": passing,
  "test/cli/log.test.ts": passing,
  "test/watch/pulse.test.ts": passing,
  "test/fixtures/app.ts": passing,
};

const program = `
import { testTree } from "${pathToFileURL(join(repositoryRoot, "scripts/test.ts")).href}";
const paths = process.argv.slice(2).filter((path) => path !== "--all");
const limits = { testMs: 3_000, silentMs: 6_000 };
await testTree(import.meta.dirname, paths, process.argv.includes("--all"), limits);
`;

/** Runs the tests of a tree as `npm test` does. */
function testTree(t: TestContext, files: Readonly<Record<string, string>>, ...paths: string[]) {
  const root = writeTree(t, { ...files, "run.ts": program });
  // Node runs no tests inside tests.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  return spawnSync(process.execPath, [join(root, "run.ts"), ...paths], { encoding: "utf8", env });
}

test("planTests puts the files that measure last, each alone, and every other one side by side", (t) => {
  const [beside, alone] = planTests(writeTree(t, tree), []).phases;
  assert.deepEqual(beside?.files, [
    "test/cli/log.test.ts",
    "test/errors/codes.test.ts",
    "test/schema/coerce.test.ts",
  ]);
  assert.deepEqual(alone, { files: ["test/watch/pulse.test.ts"], concurrency: 1 });
});

test("planTests accepts files, folders and patterns, each file once, and refuses a path that names none", (t) => {
  const root = writeTree(t, tree);
  const files = (...paths: string[]): string[] =>
    planTests(root, paths).phases.flatMap((phase) => phase.files);
  assert.deepEqual(files("test/cli", "./test/cli/log.test.ts"), ["test/cli/log.test.ts"]);
  assert.deepEqual(files("test/{cli,schema}/*.test.ts"), [
    "test/cli/log.test.ts",
    "test/schema/coerce.test.ts",
  ]);
  assert.deepEqual(files(join(root, "test/watch")), ["test/watch/pulse.test.ts"]);
  assert.throws(
    () => files("test/cli", "test/clj"),
    /Cannot test test\/clj: no file is named test\/clj\/\*\*/,
  );
});

test("planTests leaves out what takes long, unless it is named or all is asked for", (t) => {
  const long = "test/pages/redoc.test.ts";
  const root = writeTree(t, { ...tree, [long]: passing });
  const isPlanned = (paths: string[], all?: boolean): boolean =>
    planTests(root, paths, all).phases.some(({ files }) => files.includes(long));
  assert.deepEqual(planTests(root, []).leftOut, [long]);
  assert.deepEqual([isPlanned([]), isPlanned([], true), isPlanned(["test/pages"])], [false, true, true]);
  assert.match(
    testTree(t, { ...tree, [long]: passing }).stdout,
    /^Leaves out what takes long, 1 files: npm test -- --all/,
  );
});

test("npm test prints one summary of both phases, and what failed once, at the end", (t) => {
  const { status, stdout } = testTree(t, { ...tree, "test/errors/codes.test.ts": failing });
  assert.equal(status, 1);
  const totals = [...stdout.matchAll(/^ℹ (tests|pass|fail|skipped) (\d+)$/gm)].map(([line]) => line.slice(2));
  assert.deepEqual(totals, ["tests 5", "pass 4", "fail 1", "skipped 0"]);
  assert.equal(stdout.match(/Error: it is broken/g)?.length, 1);
  assert.ok(stdout.indexOf("Error: it is broken") > stdout.indexOf("ℹ duration_ms"));
});

const failingOnce = `import { existsSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
test("passes", () => {});
suite("outer", () => {
  test("inner", () => {
    const flag = import.meta.filename + ".flag";
    if (existsSync(flag)) return;
    writeFileSync(flag, "");
    throw new Error("the machine was busy");
  });
});
`;

test("npm test -- --all runs a failed file once more, says so, and counts the second result", (t) => {
  const totalsOf = (text: string): string[] =>
    [...text.matchAll(/^ℹ (tests|suites|pass|fail) (\d+)$/gm)].map(([line]) => line.slice(2));
  const files = { ...tree, "test/schema/coerce.test.ts": failingOnce };
  const mended = testTree(t, files, "--all");
  assert.equal(mended.status, 0, mended.stdout);
  assert.deepEqual(totalsOf(mended.stdout), ["tests 5", "suites 1", "pass 5", "fail 0"]);
  assert.match(mended.stdout, /^ℹ failed: inner\nError: the machine was busy$/m);
  assert.match(mended.stdout, /^ℹ Failed at first, see above: test\/schema\/coerce.test.ts$/m);

  const broken = testTree(t, { ...files, "test/errors/codes.test.ts": failing }, "--all");
  assert.equal(broken.status, 1);
  assert.deepEqual(totalsOf(broken.stdout), ["tests 6", "suites 1", "pass 5", "fail 1"]);
  assert.equal(testTree(t, files).status, 1);
});

const hanging = `import { test } from "node:test";
setInterval(() => {}, 1_000);
test("waits in vain", () => new Promise(() => {}));
test("is next", () => {});
`;

test("npm test ends a test that waits for ever, and its file that does not end, and runs all others", (t) => {
  const files = { ...tree, "test/errors/codes.test.ts": hanging };
  const { status, stdout } = testTree(t, files, "test/errors", "test/schema", "test/watch");
  assert.equal(status, 1);
  assert.match(stdout, /^✖ waits in vain/m);
  assert.match(stdout, /^✔ is next/m);
  assert.match(stdout, /^ℹ pass 3$/m);
});

test("npm test ends with 0 where all pass, whichever phase they are in", (t) => {
  const { status, stdout } = testTree(t, tree, "test/cli");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ℹ pass 1$/m);
});

test("every pattern of the files that measure or take long names one", () => {
  const files = planTests(repositoryRoot, [], true).phases.flatMap((phase) => phase.files);
  for (const pattern of [...measuringFiles, ...longFiles])
    assert.ok(
      files.some((file) => matchesGlob(file, pattern)),
      pattern,
    );
});
