import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findVectors } from "../../conformance/vector.ts";

const runner = fileURLToPath(new URL("../../conformance/run.ts", import.meta.url));
const skip = hasVectors() ? false : "the recordings are not here: a folder shared/vectors";

/** A lane is chosen for a whole process, which the apps are imported into. */
for (const lane of ["as-written", "loop", "thread"]) {
  test(`conformance: every exchange is equal, has a reason or comes later [${lane}]`, { skip }, async () => {
    const args = ["--conditions=offloop:source", runner, "--lane", lane];
    const { stdout } = await promisify(execFile)(process.execPath, args).catch((error) => {
      throw new Error(`the runner failed:\n${error.stderr}\n${differences(String(error.stdout))}`);
    });
    const summary = stdout.trimEnd().split("\n").at(-1) ?? "";
    const [all, ...parts] = [...summary.matchAll(/\d+/g)].map(Number) as [number, ...number[]];
    assert.match(summary, new RegExp(`^${lane}: .* 0 different,`));
    assert.equal(
      parts.reduce((sum, part) => sum + part, 0),
      all,
      "the summary adds up",
    );
    const [, , reasoned = 0] = parts;
    assert.ok(reasoned < all * 0.03, `${reasoned} of ${all} have a reason not to be equal`);
  });
}

function differences(output: string): string {
  return output
    .split("\n")
    .filter((line) => line.startsWith("DIFFERENT"))
    .join("\n");
}

function hasVectors(): boolean {
  try {
    return findVectors(process.cwd()) !== "";
  } catch {
    return false;
  }
}
