import assert from "node:assert/strict";
import { test } from "node:test";
import { Runs } from "../../src/inspector/runs.ts";

const onLoop = { name: 0, request: "a", lane: "loop" } as const;
const onThread = { name: 1, request: "b", lane: "thread" } as const;

test("Runs trusts when a run was handed over more than when its end was heard of", () => {
  const runs = new Runs();
  runs.start("b", onThread, 100);
  runs.finish("b", { ...onThread, thread: 2, queueMs: 5, runMs: 20, outcome: 200 }, 900);
  assert.deepEqual(runs.since(0, 10).rows, [[1, "b", 2, 0, 100, 5, 20, 200]]);
});

test("Runs reckons back from the end of a run whose start it has not seen", () => {
  const runs = new Runs();
  runs.finish("b", { ...onThread, thread: 2, queueMs: 5, runMs: 20, outcome: 200 }, 900);
  assert.deepEqual(runs.since(0, 10).rows, [[1, "b", 2, 0, 875, 5, 20, 200]]);
});

test("Runs gives what is on the loop at the same time different slots", () => {
  const runs = new Runs();
  for (const key of ["a", "b", "c"]) runs.start(key, onLoop, 1);
  runs.finish("a", { ...onLoop, thread: 0, queueMs: 0, runMs: 1, outcome: 200 }, 2);
  runs.start("d", onLoop, 3);
  assert.deepEqual(
    runs.running(10).rows.map(([, , slot]) => slot),
    [1, 2, 0],
  );
  assert.equal(runs.running(10).loop, 3);
});

test("Runs survives two runs of one number and ends without starts: nothing stays in progress", () => {
  const runs = new Runs();
  const end = { ...onLoop, thread: 0, queueMs: 0, runMs: 1, outcome: 200 };
  runs.start("same", onLoop, 1);
  runs.start("same", onLoop, 2);
  runs.finish("same", end, 3);
  runs.finish("same", end, 4);
  assert.deepEqual(runs.running(10), { loop: 0, thread: 0, rows: [] });
  assert.equal(runs.since(0, 10).rows.length, 2);
});

test("Runs is bounded: ended ones that made room are counted as lost, and so many may be in progress", () => {
  const runs = new Runs();
  for (let n = 0; n < 50_000; n++) {
    runs.start(n, onLoop, n);
    if (n % 2 === 0) runs.finish(n, { ...onLoop, thread: 0, queueMs: 0, runMs: 0, outcome: 200 }, n);
  }
  const { rows, lost } = runs.since(0, 10);
  assert.deepEqual([rows.length, lost], [10, 5_000]);
  assert.equal(runs.running(5).loop, 20_000);
  assert.equal(runs.running(5).rows.length, 5);
});
