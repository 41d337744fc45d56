import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../../src/inspector/batch.ts";
import { Pin } from "../../../src/inspector/page/pin.ts";
import { Store } from "../../../src/inspector/page/store.ts";
import { tellStory } from "../../../src/inspector/page/story.ts";

const batch: Batch = {
  hello: { title: "Shop", origin: 1, server: 1 },
  now: 100,
  names: [
    { kind: "operation", name: "POST /orders", lane: "thread" },
    { kind: "task", name: "mail", lane: "loop" },
    { kind: "task", name: "resize", lane: "thread" },
    { kind: "operation", name: "GET /feed", lane: "loop" },
    { kind: "stream", name: "stream of GET /feed", lane: "loop" },
  ],
  runs: [
    [1, "r1", 0, 0, 40, 0, 5, 0],
    [0, "r1", 3, 0, 10, 4, 20, 200],
    [0, "r2", 3, 0, 11, 4, 20, 200],
    [2, null, 3, 0, 60, 0, 5, 1, "resize/1"],
    [3, "r4", 0, 0, 70, 0, 1, 200],
    [4, "r4", 0, 0, 72, 0, 4, 2],
    [4, "r4", 0, 0, 80, 0, 6, 0],
  ],
  ends: [["r4", "broken"]],
  running: { loop: 0, thread: 1, rows: [[2, "r1", 0, 50]] },
  groups: [
    {
      ...{ id: 1, key: "k", kind: "failed", name: "task mail", place: null, message: "Error: No", stack: [] },
      ...{ count: 1, firstAt: 40, lastAt: 40, longestMs: 5, facts: [] },
    },
  ],
  incidents: [{ id: 1, group: 1, at: 40, durationMs: 5, thread: 0, request: "r1" }],
};

function storyOf(pinIt: (pin: Pin, store: Store) => void): ReturnType<typeof tellStory> {
  const store = new Store();
  store.take(batch);
  const pin = new Pin();
  pinIt(pin, store);
  return tellStory(store, pin, 100);
}

test("tellStory() gives all that ran for a request in order, with what waits and what went wrong", () => {
  const story = storyOf((pin) => pin.pinRequest("r1")) ?? assert.fail();
  assert.deepEqual(
    story.steps.map(({ title, startedAt, endedAt, outcome, failed }) => [
      title,
      startedAt,
      endedAt,
      outcome,
      failed,
    ]),
    [
      ["POST /orders", 14, 34, "answered 200", false],
      ["task mail", 40, 45, "threw", true],
      ["task resize", undefined, 100, undefined, false],
    ],
  );
  assert.deepEqual([story.from, story.to], [10, 100]);
  assert.deepEqual(
    story.incidents.map(({ group }) => group.message),
    ["Error: No"],
  );
});

test("tellStory() gives the runs of a stream as one step, and how its response ended", () => {
  const story = storyOf((pin) => pin.pinRequest("r4")) ?? assert.fail();
  assert.deepEqual(
    story.steps.map(({ title, parts, outcome, failed }) => [title, parts.length, outcome, failed]),
    [
      ["GET /feed", 1, "answered 200, its stream broke off", false],
      ["stream of GET /feed", 2, "threw", true],
    ],
  );
  assert.deepEqual([story.from, story.to], [70, 86]);
});

test("tellStory() gives a run without a request alone, with the job it was an attempt of", () => {
  const story = storyOf((pin, { runs }) => pin.pinRun(runs[3] ?? assert.fail())) ?? assert.fail();
  assert.deepEqual(
    story.steps.map(({ title, job }) => [title, job]),
    [["task resize", "resize/1"]],
  );
});

test("tellStory() has nothing about what is not kept, nor when nothing is pinned", () => {
  assert.equal(
    storyOf((pin) => pin.pinRequest("r3")),
    undefined,
  );
  assert.equal(
    storyOf(() => {}),
    undefined,
  );
});
