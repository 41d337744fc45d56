import assert from "node:assert/strict";
import { test } from "node:test";
import { CallQueue, PinnedCalls, WaitingCalls } from "../../../src/threads/pool/queue.ts";
import { callMaker } from "../../fixtures/calls.ts";

const handle = {
  hold: (): void => {},
  release: (): void => {},
  beginStream: (): void => {},
  endStream: (): void => {},
};

test("CallQueue.take(): first come, first served over all works", () => {
  const call = callMaker();
  const queue = new CallQueue();
  const calls = [call(1), call(0), call(1), call(2)];
  for (const one of calls) queue.push(one);
  assert.equal(queue.oldest, calls[0]);
  assert.deepEqual(
    [queue.take(), queue.take(), queue.take(), queue.take(), queue.take()],
    [...calls, undefined],
  );
  assert.equal(queue.size, 0);
});

test("CallQueue.take(): the oldest of the works that may run", () => {
  const call = callMaker();
  const queue = new CallQueue();
  const [first, second, third] = [call(1), call(2), call(2)];
  for (const one of [first, second, third]) queue.push(one);
  assert.equal(
    queue.take((work) => work === 2),
    second,
  );
  assert.equal(
    queue.take((work) => work === 3),
    undefined,
  );
  assert.equal(queue.take(), first);
  assert.equal(queue.size, 1);
});

test("CallQueue.putBack(): what was taken goes before what came later, however much came and went", () => {
  const call = callMaker();
  const queue = new CallQueue();
  const calls = Array.from({ length: 100 }, () => call(0));
  for (const one of calls) queue.push(one);
  const taken = calls.slice(0, 60).map(() => queue.take() as (typeof calls)[number]);
  queue.putBack(taken.slice(30));
  queue.putBack(taken.slice(0, 30));
  assert.equal(queue.size, 100);
  assert.deepEqual(
    calls.map(() => queue.take()),
    calls,
  );
});

test("WaitingCalls.take(): requests before background calls that came first", () => {
  const call = callMaker();
  const waiting = new WaitingCalls();
  const [background, request] = [call(0, { class: "background" }), call(0)];
  for (const one of [background, request]) waiting.push(one);
  assert.deepEqual([waiting.size, waiting.sizeOf("background")], [2, 1]);
  assert.equal(waiting.since, background.queuedAt);
  assert.deepEqual(waiting.takeAll(), [request, background]);
  assert.equal(waiting.since, undefined);
});

test("WaitingCalls.takeGone(): those whose clients have hung up, and no others", () => {
  const call = callMaker();
  const waiting = new WaitingCalls();
  const calls = [true, false, true].map((isGone) => call(0, { waiter: { isGone } }));
  const unwaited = call(1);
  for (const one of [...calls, unwaited]) waiting.push(one);
  assert.deepEqual(waiting.takeGone(), [calls[0], calls[2]]);
  assert.deepEqual(waiting.takeAll(), [calls[1], unwaited]);
});

test("PinnedCalls.take(): the first whose thread may be given a call now", () => {
  const call = callMaker();
  const pinned = new PinnedCalls();
  const [busy, free] = [{ ...handle }, { ...handle }];
  const [first, second] = [call(0), call(0)];
  pinned.push(busy, first);
  pinned.push(free, second);
  assert.deepEqual(
    pinned.take((thread) => thread === free),
    [free, second],
  );
  assert.equal(
    pinned.take((thread) => thread === free),
    undefined,
  );
  assert.deepEqual(pinned.takeAll(), [first]);
});
