import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../../scripts/finding.ts";

const source = pathToFileURL(join(repositoryRoot, "src/app/load/process-output.ts")).href;

/** What a program's writes become, line by line; they are read in a process of their own, since they take its output. */
function linesOf(program: string): unknown[] {
  const code = `
    import { captureOutput } from ${JSON.stringify(source)};
    const lines = [];
    const end = captureOutput(({ level, fields, message }) => lines.push([level, fields.stream ?? fields.err?.name, message]));
    ${program}
    end();
    process.stdout.write(JSON.stringify(lines));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--conditions=offloop:source", "--input-type=module", "-e", code],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as unknown[];
}

test("captureOutput joins what several writes bring of one line, and of one character", () => {
  const program = `
    const bytes = Buffer.from("Grüße ✓\\n");
    for (const byte of bytes) process.stdout.write(Uint8Array.of(byte));
    process.stderr.write("one ");
    process.stderr.write("line\\r\\nanother");
    process.stderr.write("0a", "hex");`;
  assert.deepEqual(linesOf(program), [
    ["info", "stdout", "Grüße ✓"],
    ["warn", "stderr", "one line"],
    ["warn", "stderr", "another"],
  ]);
});

test("captureOutput keeps a line without an end to a bound, and gives what is left when it ends", () => {
  const program = `for (let i = 0; i < 70_000; i++) process.stdout.write("a");`;
  const lines = linesOf(program) as [string, string, string][];
  assert.deepEqual(
    lines.map(([, , message]) => message.length),
    [65_537, 70_000 - 65_537],
  );
});

test("captureOutput makes one line of each call of console, an error among its arguments or not", () => {
  const program = `
    const error = new TypeError("no");
    console.log("%s of %d%%:", "a", 5, error);
    console.error(error);
    console.assert(false, error);
    console.assert(false, "of %s", "b", error);
    console.assert(true, error);
    console.assert(error, "holds");
    console.time("t");
    console.timeLog("t", error);
    console.group(error);
    console.info("in it");
    console.groupEnd();
    console.dir({ a: { b: { c: {} } } }, { depth: 0 });
    console.log(JSON.stringify({ a: 1, b: [2] }, null, 2));`;
  const lines = linesOf(program) as [string, string | null, string][];
  assert.deepEqual(
    lines.map(([level, kind, message]) => [level, kind, message.replace(/[\d.]+ms/, "0ms")]),
    [
      ["info", "TypeError", "a of 5%: TypeError: no"],
      ["error", "TypeError", "TypeError: no"],
      ["error", "TypeError", "Assertion failed: TypeError: no"],
      ["error", "TypeError", "Assertion failed: of b TypeError: no"],
      ["info", "TypeError", "t: 0ms TypeError: no"],
      ["info", "TypeError", "TypeError: no"],
      ["info", null, "  in it"],
      ["info", null, "{ a: [Object] }"],
      ["info", null, JSON.stringify({ a: 1, b: [2] }, null, 2)],
    ],
  );
});
