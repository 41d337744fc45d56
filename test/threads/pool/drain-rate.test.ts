import assert from "node:assert/strict";
import { test } from "node:test";
import { DrainRate } from "../../../src/threads/pool/admission.ts";

/** As if so many calls had ended in each of these seconds. */
function rateOf(endedIn: Readonly<Record<number, number>>): DrainRate {
  const rate = new DrainRate();
  for (const [second, count] of Object.entries(endedIn))
    for (let n = 0; n < count; n++) rate.record(Number(second) * 1000 + n);
  return rate;
}

test("DrainRate.retryAfterS(): as many seconds as the waiting calls need at the rate of the last ten", () => {
  const steady = Object.fromEntries(Array.from({ length: 10 }, (_, second) => [second, 5]));
  assert.equal(rateOf(steady).retryAfterS(20, 9_500), 4);
  assert.equal(rateOf(steady).retryAfterS(21, 9_500), 5);
  assert.equal(rateOf({ 3: 50 }).retryAfterS(20, 9_500), 4);
});

test("DrainRate.retryAfterS(): at least one second, at most an hour", () => {
  assert.equal(rateOf({ 0: 50 }).retryAfterS(0, 0), 1);
  assert.equal(new DrainRate().retryAfterS(1, 0), 10);
  assert.equal(new DrainRate().retryAfterS(100_000, 0), 3600);
});

test("DrainRate forgets what ended ten seconds ago, also where nothing has ended since", () => {
  const rate = rateOf({ 0: 40, 5: 10 });
  assert.equal(rate.retryAfterS(10, 9_999), 2);
  assert.equal(rate.retryAfterS(10, 10_000), 10);
  assert.equal(rate.retryAfterS(10, 15_000), 100);
  assert.equal(rateOf({ 0: 40 }).retryAfterS(10, 86_400_000), 100);
});
