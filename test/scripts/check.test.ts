import assert from "node:assert/strict";
import { test } from "node:test";
import { runSteps, type Step, steps } from "../../scripts/check.ts";

function step(name: string, code: string): Step {
  return { name, command: process.execPath, args: ["-e", code] };
}

test("runSteps writes a line each, the output of what failed, and runs on after a failure", () => {
  const written: string[] = [];
  const list = [
    step("quiet", "console.log('not shown')"),
    step("broken", "console.log('out'); console.error('err'); process.exitCode = 3"),
    step("after", ""),
  ];
  const failed = runSteps(list, (text) => written.push(text));
  assert.deepEqual(failed, ["broken"]);
  const text = written.join("");
  assert.match(text, /^✓ quiet \(\d+\.\d s\)\n✗ broken \(\d+\.\d s\)\nout\nerr\n✓ after \(\d+\.\d s\)\n$/);
});

test("runSteps counts a command that cannot start as failed, and says why", () => {
  const written: string[] = [];
  const list = [{ name: "gone", command: "offloop-has-no-such-command", args: [] }];
  assert.deepEqual(
    runSteps(list, (text) => written.push(text)),
    ["gone"],
  );
  assert.match(written.join(""), /ENOENT/);
});

test("the test step is live and comes last", () => {
  assert.deepEqual(
    steps.filter((one) => one.live),
    steps.slice(-1),
  );
  assert.equal(steps.at(-1)?.name, "tests");
});
