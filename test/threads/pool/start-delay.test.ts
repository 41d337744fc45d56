import assert from "node:assert/strict";
import { test } from "node:test";
import { OffloopError } from "offloop";
import { StartDelay } from "../../../src/threads/pool/start.ts";

const error = new OffloopError("OFFLOOP_THREAD_START", "Cannot start", { fix: "mend it" });

/** A delay, and a promise of the end of its next pause; an unreferenced timer ends no test, so one stands by. */
function startDelay(t: { after(end: () => void): void }): { delay: StartDelay; over(): Promise<void> } {
  let onOver = (): void => {};
  const delay = new StartDelay(() => onOver());
  const alive = setInterval(() => {}, 1_000);
  t.after(() => {
    delay.stop();
    clearInterval(alive);
  });
  return { delay, over: () => new Promise((resolve) => (onOver = resolve)) };
}

test("StartDelay: no pause before a failure, one after it, and its end is told", async (t) => {
  const { delay, over } = startDelay(t);
  assert.deepEqual([delay.isOn, delay.failure], [false, undefined]);
  delay.fail(error);
  assert.deepEqual([delay.isOn, delay.failure], [true, error]);
  await over();
  assert.deepEqual([delay.isOn, delay.failure], [false, error]);
});

test("StartDelay.succeed() ends the pause and forgets the failure", (t) => {
  const { delay } = startDelay(t);
  delay.fail(error);
  delay.succeed();
  assert.deepEqual([delay.isOn, delay.failure], [false, undefined]);
});

test("StartDelay doubles the pause with each failure, and takes a short one again after a thread has done something", async (t) => {
  const ended: string[] = [];
  const delays = ["twice", "once", "proven", "not proven"].map((name) => ({ name, ...startDelay(t) }));
  const pauses = delays.map(({ name, over }) => over().then(() => ended.push(name)));
  const [twice, once, proven, notProven] = delays.map(({ delay }) => delay) as [
    StartDelay,
    StartDelay,
    StartDelay,
    StartDelay,
  ];
  for (const delay of [twice, proven, notProven]) delay.fail(error);
  for (const delay of [proven, notProven]) delay.succeed();
  proven.prove();
  for (const delay of [notProven, twice, proven, once]) delay.fail(error);
  await Promise.all(pauses);
  assert.deepEqual(ended, ["proven", "once", "not proven", "twice"]);
});
