import assert from "node:assert/strict";
import { test } from "node:test";
import { durationText, tickText } from "../../../src/inspector/page/duration.ts";

test("durationText() gives three figures and a unit that fits", () => {
  const texts = [0, 0.0001, 0.25, 0.9996, 1.234, 9.996, 99.96, 999.6, 12_345, 119_999, 150_000].map(
    durationText,
  );
  assert.deepEqual(texts, [
    "0",
    "1 µs",
    "250 µs",
    "1.00 ms",
    "1.23 ms",
    "10.0 ms",
    "100 ms",
    "1.00 s",
    "12.3 s",
    "120 s",
    "2.5 min",
  ]);
});

test("tickText() is as short as the step allows", () => {
  const time = new Date(2026, 0, 1, 9, 5, 7, 250).getTime();
  assert.deepEqual([tickText(time, 1000), tickText(time, 50)], ["09:05:07", ":07.250"]);
});
