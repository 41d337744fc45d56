import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeMemory } from "../../bench/soak/memory.ts";

const MIB = 2 ** 20;
const rounds = (values: readonly number[], heap = 40): Parameters<typeof judgeMemory>[0]["settled"] =>
  values.map((rss) => ({ rss: rss * MIB, heap: heap * MIB, ended: 0, busy: 0, waiting: 0 }));
const verdicts = (values: readonly number[], most = 500): boolean[] =>
  judgeMemory({ settled: rounds(values), mostRss: most * MIB }).map(({ isRight }) => isRight);

test("judgeMemory(): what fills up and stays is a plateau", () => {
  assert.deepEqual(verdicts([200, 300, 310, 300, 320, 305]), [true, true, true]);
});

test("judgeMemory(): what grows with every round has leaked", () => {
  assert.deepEqual(verdicts([200, 240, 280, 320, 360, 400]), [false, true, true]);
});

test("judgeMemory(): one round that ends high is no leak", () => {
  assert.deepEqual(verdicts([200, 240, 240, 240, 240, 400]), [true, true, true]);
});

test("judgeMemory(): a few rounds do not say", () => {
  const [first] = judgeMemory({ settled: rounds([200, 400]), mostRss: 0 });
  assert.match(first?.text ?? "", /too short to be judged/);
});

test("judgeMemory(): there is a ceiling however short it was", () => {
  assert.deepEqual(verdicts([200], 2_000), [true, true, false]);
});
