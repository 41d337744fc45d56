import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../../bench/comparison.ts";
import { comparisonResult } from "../../bench/comparison-result.ts";
import { atLeast } from "../../bench/goal.ts";
import type { Slice } from "../../bench/slice.ts";
import type { Measured } from "../../bench/turns.ts";

const slice = (requestsPerSecond: number, cpuMicros: number, shareOfOthers = 0): Slice => ({
  requestsPerSecond,
  cpuMicros,
  instructions: undefined,
  shareOfOthers,
});

/** Rounds of unequal pace, in which one side always needs this much more than the other. */
function measure(name: string, cost: number, noise: readonly number[], share = 0): Measured {
  const paces = [1, 2, 4, 1, 3, 1, 2, 4, 3];
  const at = (pace: number, factor: number): Slice => slice(1000 / pace / factor, pace * factor, share);
  return {
    name,
    headers: ["content-type: application/json"],
    rounds: paces.map((pace) => at(pace, cost)),
    again: paces.map((pace, round) => at(pace, cost * (noise[round] ?? 1))),
  };
}

const quiet = [1.01, 0.99, 1, 1.01, 0.99, 1.01, 1, 0.99, 1.01];
const verdicts = (measured: readonly Measured[]): Record<string, string> =>
  Object.fromEntries(
    compare([{ ours: "ours", peer: "theirs" }], measured).map(({ figure, verdict }) => [
      figure.name,
      verdict,
    ]),
  );

test("compare() tells a side of the same cost from none, though rounds differ fourfold", () => {
  const same = [measure("ours", 1, quiet), measure("theirs", 1, quiet)];
  assert.deepEqual(verdicts(same), { "requests/s": "none", "CPU µs a request": "none" });
});

test("compare() calls more requests faster, and more CPU time slower", () => {
  const cheaper = [measure("ours", 1, quiet), measure("theirs", 1.1, quiet)];
  assert.deepEqual(verdicts(cheaper), { "requests/s": "faster", "CPU µs a request": "faster" });
  const dearer = [measure("ours", 1.1, quiet), measure("theirs", 1, quiet)];
  assert.deepEqual(verdicts(dearer), { "requests/s": "slower", "CPU µs a request": "slower" });
});

test("compare() says too busy when a side differs from itself as much as from the other", () => {
  const wild = [1.3, 0.8, 1.2, 0.7, 1, 1.4, 0.6, 1.2, 0.8];
  const busy = [measure("ours", 1.1, wild), measure("theirs", 1, wild)];
  assert.deepEqual(verdicts(busy), { "requests/s": "too busy", "CPU µs a request": "too busy" });
});

test("compare() has a row for instructions where they were counted", () => {
  const counted = (name: string, instructions: number): Measured => {
    const rounds = Array.from({ length: 9 }, () => ({ ...slice(1000, 20), instructions }));
    return { name, headers: [], rounds, again: rounds };
  };
  const sides = [counted("ours", 90_000), counted("theirs", 100_000)];
  assert.equal(verdicts(sides)["instructions a request"], "faster");
});

test("compare() judges no goal when the machine was too busy to tell", () => {
  const goal = (what: string, ratio: number) => atLeast(0.5, what, ratio);
  const goalsOf = (noise: readonly number[]) =>
    compare(
      [{ ours: "ours", peer: "theirs", goal }],
      [measure("ours", 1, noise), measure("theirs", 1, noise)],
    )
      .flatMap((one) => one.goal ?? [])
      .map(({ met }) => met);
  assert.deepEqual(goalsOf(quiet), [true]);
  assert.deepEqual(goalsOf([1.3, 0.8, 1.2, 0.7, 1, 1.4, 0.6, 1.2, 0.8]), []);
});

test("compare() makes goals of both figures, of CPU time as how much less we take", () => {
  const goal = (what: string, gain: number) => atLeast(1.5, what, gain);
  const pair = { ours: "ours", peer: "theirs", goal, cpuGoal: goal };
  const sides = [measure("ours", 1, quiet), measure("theirs", 2, quiet)];
  assert.deepEqual(
    compare([pair], sides).map((one) => [one.goal?.what, one.goal?.met]),
    [
      ["ours / theirs", true],
      ["CPU time a request, theirs / ours", true],
    ],
  );
});

test("compare() throws for a side that was not measured", () => {
  assert.throws(() => compare([{ ours: "ours", peer: "x" }], [measure("ours", 1, quiet)]), /measured of "x"/);
});

test("comparisonResult() makes the goal of requests per second only, and says how busy the machine was", () => {
  const sides = [measure("ours", 1, quiet, 0.4), measure("theirs", 2, quiet, 0.4)];
  const goal = (what: string, ratio: number) => atLeast(1.5, what, ratio);
  const { goals, table, notes } = comparisonResult(
    "title",
    [{ ours: "ours", peer: "theirs", goal }],
    sides,
    [],
  );
  assert.deepEqual(
    goals.map(({ what, met }) => [what, met]),
    [["ours / theirs", true]],
  );
  assert.deepEqual(
    table.rows.map(([name, figure]) => [name, figure]),
    [
      ["ours / theirs", "requests/s"],
      ["", "CPU µs a request"],
    ],
  );
  assert.match(notes.join("\n"), /the machine was busy: others took 40 %/);
  assert.match(notes.join("\n"), /all send the same headers/);
});
