import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "../../src/inspector/runs.ts";

test("Slots gives each the lowest free number", () => {
  const slots = new Slots();
  assert.deepEqual([slots.take(), slots.take(), slots.take(), slots.take()], [0, 1, 2, 3]);
  slots.giveBack(2);
  slots.giveBack(1);
  assert.deepEqual([slots.take(), slots.take(), slots.take()], [1, 2, 4]);
});
