import assert from "node:assert/strict";
import { test } from "node:test";
import { greatestDemand, readThreadDemand } from "../../bench/thread-demand.ts";

test("greatestDemand() gives the share of the thread that wanted a core most, one that is new included", () => {
  const before = new Map([
    ["1", 100],
    ["2", 50],
  ]);
  const after = new Map([
    ["1", 110],
    ["2", 140],
    ["3", 20],
  ]);
  assert.equal(greatestDemand(before, after, 100), 0.9);
  assert.equal(greatestDemand(before, before, 100), 0);
  assert.equal(greatestDemand(before, new Map(), 100), 0);
});

test("readThreadDemand() sees that a thread computes, whatever else runs", {
  skip: process.platform !== "linux",
}, () => {
  const before = readThreadDemand(process.pid);
  const startedAt = performance.now();
  for (let turns = 0; performance.now() - startedAt < 200; turns++) Math.imul(turns, turns);
  const demand = greatestDemand(before, readThreadDemand(process.pid), performance.now() - startedAt);
  assert.ok(demand > 0.5, `it wanted a core for ${demand} of the time`);
});
