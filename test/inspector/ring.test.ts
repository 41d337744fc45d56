import assert from "node:assert/strict";
import { test } from "node:test";
import { Ring } from "../../src/inspector/ring.ts";

test("Ring keeps the newest items under the numbers they came with", () => {
  const ring = new Ring<string>(3);
  for (const item of ["a", "b", "c", "d", "e"]) ring.push(item);
  assert.equal(ring.start, 2);
  assert.deepEqual(ring.slice(0), ["c", "d", "e"]);
  assert.deepEqual(ring.slice(3, 4), ["d"]);
  assert.deepEqual(ring.slice(5), []);
});
