import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../../bench/options.ts";

test("readOptions() reads parts, seconds and rounds, and has a default for each", () => {
  assert.deepEqual(readOptions([]), { only: ["a", "b", "c", "d", "e", "f"], seconds: 2, rounds: 5 });
  const args = ["--only", "d, a", "--seconds", "1", "--rounds", "3"];
  assert.deepEqual(readOptions(args), { only: ["d", "a"], seconds: 1, rounds: 3 });
});

test("readOptions() refuses a part that does not exist and a number that is no whole one", () => {
  assert.throws(() => readOptions(["--only", "a,x"]), /expected some of a,b,c,d,e,f, got "x"/);
  assert.throws(
    () => readOptions(["--seconds", "0.5"]),
    /--seconds: expected a whole number of 1-9999, got "0.5"/,
  );
  assert.throws(() => readOptions(["--rounds", "0"]), RangeError);
});
