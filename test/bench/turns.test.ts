import assert from "node:assert/strict";
import { test } from "node:test";
import { findLoadGenerator } from "../../bench/load-generator.ts";
import type { Bench } from "../../bench/part.ts";
import type { Side } from "../../bench/side.ts";
import { inTurn, measureInTurns } from "../../bench/turns.ts";

const said: string[] = [];
const bench: Bench = {
  options: { seconds: 1, rounds: 2 },
  generator: findLoadGenerator(),
  countsInstructions: false,
  warmUpRequests: 1,
  burnIterations: 1,
  say: (text) => said.push(text),
};
const side = (name: string, path: string): Side => ({
  name,
  file: "offloop.ts",
  path,
  body: '{"hello":"world"}',
});

test("inTurn() takes every other round backwards", () => {
  assert.deepEqual(
    [0, 1, 2].map((round) => inTurn(["a", "b"], round).join("")),
    ["ab", "ba", "ab"],
  );
});

test("measureInTurns() measures each side in every round, and those that run twice once more", async () => {
  const [loop, thread] = [side("async", "/"), side("plain", "/plain")];
  const measured = await measureInTurns({ sides: [loop, thread], twice: [thread], rounds: 2 }, bench);
  assert.deepEqual(
    measured.map(({ name, rounds, again }) => [name, rounds.length, again?.length]),
    [
      ["async", 2, undefined],
      ["plain", 2, 2],
    ],
  );
  for (const slice of measured.flatMap(({ rounds, again = [] }) => [...rounds, ...again])) {
    assert.ok(slice.requestsPerSecond > 0 && slice.cpuMicros > 0, JSON.stringify(slice));
    assert.ok(slice.shareOfOthers === undefined || slice.shareOfOthers <= 1, JSON.stringify(slice));
  }
  const order = said.filter((text) => text.startsWith("  ")).map((text) => text.trim().split(":")[0]);
  assert.deepEqual(order, ["async", "plain", "plain", "async", "plain", "plain"]);
});

test("measureInTurns() throws when a side does other work than it should", async () => {
  const wrong: Side = { ...side("wrong", "/"), body: "{}" };
  await assert.rejects(
    measureInTurns({ sides: [wrong], twice: [], rounds: 1 }, bench),
    /wrong: expected {}, got 200/,
  );
});
