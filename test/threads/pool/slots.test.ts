import assert from "node:assert/strict";
import { test } from "node:test";
import { SLOTS } from "../../../src/threads/crossing/board.ts";
import { Slots } from "../../../src/threads/pool/thread.ts";
import { callMaker } from "../../fixtures/calls.ts";

test("Slots: has room until each slot holds a call, and again when one is freed", () => {
  const call = callMaker();
  const slots = new Slots();
  const taken = Array.from({ length: SLOTS }, () => slots.put(call(0)));
  assert.equal(new Set(taken).size, SLOTS);
  assert.deepEqual([slots.load, slots.hasRoom], [SLOTS, false]);
  slots.free(taken[7] as number);
  assert.deepEqual([slots.load, slots.hasRoom], [SLOTS - 1, true]);
  assert.equal(slots.at(taken[7] as number), undefined);
});

test("Slots.release(): the calls that may go, in the order they came, whichever slots they were in", () => {
  const call = callMaker();
  const slots = new Slots();
  const [first, second, third] = [call(0), call(1), call(0)];
  for (const one of [third, first, second]) slots.put(one);
  assert.deepEqual(
    slots.release(({ work }) => work === 0),
    [first, third],
  );
  assert.equal(slots.load, 1);
  assert.equal(slots.slotOf(first), undefined);
});
