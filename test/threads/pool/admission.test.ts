import assert from "node:assert/strict";
import { test } from "node:test";
import { DrainRate } from "../../../src/threads/pool/admission.ts";

const SECOND = 1000;

test("DrainRate.retryAfterS: as long as the calls that wait should take, by the last ten seconds", () => {
  const drained = new DrainRate();
  for (let second = 0; second < 10; second++)
    for (let call = 0; call < 5; call++) drained.record(second * SECOND);
  assert.equal(drained.retryAfterS(50, 9 * SECOND), 10);
  assert.equal(drained.retryAfterS(51, 9 * SECOND), 11);
});

test("DrainRate.retryAfterS: what ended more than ten seconds ago does not count", () => {
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
