import assert from "node:assert/strict";
import { test } from "node:test";
import { readMachineCpu, readStat, shareOfOthers } from "../../bench/machine-cpu.ts";
import { readProcessCpu } from "../../bench/servers/process-cpu.ts";

test("readStat() counts all cores, what other machines of the host stole, and no time of interrupts", () => {
  //                        user nice system idle iowait irq softirq steal guest
  const stat = "cpu  10 1 5 70 4 3 2 5 0 0\ncpu0 10 1 5 70 4 3 2 5 0 0\n";
  assert.deepEqual(readStat(stat), { total: 1_000_000, used: 210_000 });
});

test("shareOfOthers() leaves out what the measured process, the load and the benchmark used", () => {
  const before = { total: 0, used: 0, own: 0 };
  const after = { total: 2_000_000, used: 1_500_000, own: 400_000 };
  assert.equal(shareOfOthers(before, after, 600_000), 0.25);
  assert.equal(shareOfOthers(before, after, 1_500_000), 0, "never less than nothing");
});

test("readProcessCpu() agrees with what the process says of itself", {
  skip: process.platform !== "linux",
}, () => {
  const before = process.cpuUsage();
  const read = readProcessCpu("self");
  const after = process.cpuUsage();
  const tick = 10_000;
  assert.ok(read >= before.user + before.system - 2 * tick, `${read}`);
  assert.ok(read <= after.user + after.system + 2 * tick, `${read}`);
  assert.ok(readProcessCpu("self", true) >= read);
});

test("readMachineCpu() sees more than one process", { skip: process.platform !== "linux" }, () => {
  const reading = readMachineCpu();
  assert.ok(reading !== undefined && reading.used > reading.own && reading.total > reading.used);
});
