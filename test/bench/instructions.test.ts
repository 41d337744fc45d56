import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { countInstructions, readInstructions } from "../../bench/instructions.ts";

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

const hasPerf = spawnSync("perf", ["stat", "-x,", "-e", "task-clock", "--", "true"]).status === 0;

test("countInstructions() counts until it is told to end", {
  skip: !hasPerf && "perf is not there",
}, async () => {
  const counted = countInstructions(process.pid, "task-clock");
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 100_000) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(Number(await counted.end()) > 0);
});
