import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { OffloopError } from "../../../src/errors/offloop-error.ts";
import type { StartDelay as Delay } from "../../../src/threads/pool/roster.ts";

// Pauses keep to the timers that Node had when offloop was loaded.
mock.timers.enable({ apis: ["setTimeout"] });
const { StartDelay } = await import("../../../src/threads/pool/roster.ts");

const failure = new OffloopError("OFFLOOP_THREAD_START", "Cannot start thread 1: it ended", {
  fix: "mend it",
});

/** How long each of the next pauses lasts, when a thread fails at the end of each. */
function pauses(delay: Delay, over: () => number, count: number): number[] {
  return Array.from({ length: count }, () => {
    const before = over();
    delay.fail(failure);
    let ms = 0;
    while (over() === before) {
      mock.timers.tick(1);
      ms++;
    }
    return ms;
  });
}

test("StartDelay: pauses double from 100 ms to 30 s, and start at 100 ms again after a thread that did something", () => {
  let over = 0;
  const delay = new StartDelay(() => over++);
  assert.deepEqual(
    pauses(delay, () => over, 10),
    [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000],
  );
  delay.prove();
  assert.deepEqual(
    pauses(delay, () => over, 1),
    [30_000],
    "no thread has loaded the app yet",
  );
  delay.succeed();
  delay.prove();
  assert.deepEqual(
    pauses(delay, () => over, 2),
    [100, 200],
  );
  delay.stop();
});

test("StartDelay: on from a failure to the end of the pause or a success; failure says why", () => {
  const delay = new StartDelay(() => {});
  assert.deepEqual([delay.isOn, delay.failure], [false, undefined]);
  delay.fail(failure);
  assert.deepEqual([delay.isOn, delay.failure], [true, failure]);
  delay.succeed();
  assert.deepEqual([delay.isOn, delay.failure], [false, undefined]);
  delay.stop();
});
