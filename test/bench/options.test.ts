import assert from "node:assert/strict";
import { test } from "node:test";
import { partNames, readOptions } from "../../bench/options.ts";

test("readOptions() reads parts, seconds and rounds, and has a default for each", () => {
  const every = {
    against: undefined,
    only: partNames,
    seconds: 1,
    rounds: 9,
  };
  assert.deepEqual(readOptions([]), every);
  const args = ["--only", "d, a", "--seconds", "2", "--rounds", "3"];
  assert.deepEqual(readOptions(args), { against: undefined, only: ["d", "a"], seconds: 2, rounds: 3 });
});

test("readOptions() takes the first word of several parts for all of them", () => {
  const freeze = ["freeze-computing", "freeze-short", "freeze-runaway", "freeze-tasks", "freeze-kill"];
  assert.deepEqual(readOptions(["--only", "freeze"]).only, freeze);
  assert.deepEqual(readOptions(["--only", "freeze-kill,c"]).only, ["freeze-kill", "c"]);
  assert.deepEqual(readOptions(["--only", "peers"]).only, ["peers", "peers-threads"]);
});

test("readOptions() takes operations instead of parts when another tree is to be compared", () => {
  const only = ["async", "plain", "declared", "background", "logged", "metered", "limited"];
  assert.deepEqual(readOptions(["--against", "main"]), { against: "main", only, seconds: 1, rounds: 9 });
  assert.deepEqual(readOptions(["--against", "main", "--only", "plain"]).only, ["plain"]);
  assert.throws(() => readOptions(["--against", "main", "--only", "a"]), /some of async,plain.*, got "a"/);
  assert.throws(() => readOptions(["--only", "plain"]), /some of a,b,c,.*, got "plain"/);
});

test("readOptions() refuses a part that does not exist and a number that is no whole one", () => {
  assert.throws(() => readOptions(["--only", "a,x"]), /expected some of a,b,c,.*, got "x"/);
  assert.throws(
    () => readOptions(["--seconds", "0.5"]),
    /--seconds: expected a whole number of 1-9999, got "0.5"/,
  );
  assert.throws(() => readOptions(["--rounds", "0"]), RangeError);
});
