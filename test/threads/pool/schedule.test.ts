import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkLoads } from "../../../src/threads/pool/schedule.ts";
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
