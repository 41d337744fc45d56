import assert from "node:assert/strict";
import { test } from "node:test";
import { DrainRate, WorkLoads } from "../../../src/threads/pool/schedule.ts";
import { callMaker } from "../../fixtures/calls.ts";

test("WorkLoads: counts the calls on threads and keeps the runs of each work apart", () => {
  const call = callMaker();
  const loads = new WorkLoads(2);
  for (const one of [call(0), call(0), call(1)]) loads.enter(one);
  loads.leave(call(0));
  assert.deepEqual([loads.onThreads(0), loads.onThreads(1)], [1, 1]);
  loads.record(call(0), 500);
  for (let run = 0; run < 16; run++) loads.record(call(1), 0.1);
  assert.deepEqual([loads.isShort(0), loads.isQuick(0)], [false, false]);
  assert.deepEqual([loads.isShort(1), loads.isQuick(1)], [true, true]);
});

const SECOND = 1000;

test("DrainRate.retryAfterS: as long as the calls that wait should take, by the last ten seconds", () => {
  const drained = new DrainRate();
  for (let second = 0; second < 10; second++)
    for (let call = 0; call < 5; call++) drained.record(second * SECOND);
  assert.equal(drained.retryAfterS(50, 9 * SECOND), 10);
  assert.equal(drained.retryAfterS(51, 9 * SECOND), 11);
});

test("DrainRate.retryAfterS: calls that ended more than ten seconds ago do not count", () => {
  const drained = new DrainRate();
  for (let call = 0; call < 100; call++) drained.record(0);
  assert.equal(drained.retryAfterS(100, 9 * SECOND), 10);
  assert.equal(drained.retryAfterS(100, 10 * SECOND), 1000, "nothing ended: one call in ten seconds");
});

test("DrainRate.retryAfterS: never less than 1 s, nor more than an hour", () => {
  const drained = new DrainRate();
  assert.equal(drained.retryAfterS(0, 0), 1);
  assert.equal(drained.retryAfterS(1_000_000, 0), 3600);
});
