import assert from "node:assert/strict";
import { test } from "node:test";
import { countingInstructions, readInstructions } from "../../bench/instructions.ts";

test("readInstructions() reads perf's line, and adds up those of a processor with two kinds of cores", () => {
  assert.equal(readInstructions("123456789,,instructions,501233,100.00,1.02,insn per cycle\n"), 123_456_789);
  assert.equal(readInstructions("42,,instructions:u,501233,100.00,,\n"), 42);
  const hybrid = "100,,cpu_core/instructions/,5,50.00,,\n23,,cpu_atom/instructions/,5,50.00,,\n";
  assert.equal(readInstructions(hybrid), 123);
});

test("readInstructions() gives nothing where the machine has no counters, or perf no right to them", () => {
  assert.equal(readInstructions("<not supported>,,instructions,0,100.00,,\n"), undefined);
  assert.equal(readInstructions("Error:\nAccess to performance monitoring is limited.\n"), undefined);
  assert.equal(readInstructions(""), undefined);
});

test("countingInstructions() puts the command behind perf's own options", () => {
  const command = countingInstructions(42, ["wrk", "-t1"]);
  assert.deepEqual(command.slice(-5), ["-p", "42", "--", "wrk", "-t1"]);
});
