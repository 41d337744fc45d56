import assert from "node:assert/strict";
import { test } from "node:test";
import { Sketch } from "../../../src/inspector/page/sketch.ts";

test("Sketch.percentile() is within 1 % of what sorting would give, from microseconds to hours", () => {
  for (const scale of [0.01, 1, 1_000, 30_000]) {
    const sketch = new Sketch();
    for (let n = 1; n <= 1_000; n++) sketch.record(((n * 7919) % 1_000 || 1_000) * scale);
    for (const part of [1, 50, 99, 100]) {
      const expected = part * 10 * scale;
      const found = sketch.percentile(part) ?? Number.NaN;
      assert.ok(Math.abs(found - expected) <= expected * 0.0101, `${part}: ${found} for ${expected}`);
    }
  }
});

test("Sketch.merge() gives what one sketch of both would have given", () => {
  const [a, b, both] = [new Sketch(), new Sketch(), new Sketch()];
  for (let n = 0; n < 500; n++) {
    (n % 3 === 0 ? a : b).record(n);
    both.record(n);
  }
  a.merge(b.counts);
  assert.deepEqual(a.counts, both.counts);
});

test("Sketch has no percentile of nothing, and counts an invalid duration as none", () => {
  const sketch = new Sketch();
  assert.equal(sketch.percentile(99), undefined);
  for (const ms of [0, -1, Number.NaN]) sketch.record(ms);
  assert.equal(sketch.percentile(99), 0);
});
