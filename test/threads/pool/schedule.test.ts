import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitingCalls } from "../../../src/threads/pool/queue.ts";
import { MOST_STARTING } from "../../../src/threads/pool/roster.ts";
import { DrainRate, Pace, WorkLoads } from "../../../src/threads/pool/schedule.ts";
import { callMaker } from "../../fixtures/calls.ts";

test("WorkLoads: counts the calls on threads and keeps the runs of each work apart", () => {
  const call = callMaker();
  const loads = new WorkLoads(2);
  for (const one of [call(0), call(0), call(1)]) loads.enter(one);
  loads.leave(call(0));
  assert.deepEqual([loads.onThreads(0), loads.onThreads(1)], [1, 1]);
  loads.record(call(0), 500);
  for (let run = 0; run < 16; run++) loads.record(call(1), 0.1);
  assert.deepEqual([loads.isShort(0), loads.isQuick(0)], [false, false]);
  assert.deepEqual([loads.isShort(1), loads.isQuick(1)], [true, true]);
});

const SECOND = 1000;

test("DrainRate.retryAfterS: as long as the calls that wait should take, by the last ten seconds", () => {
  const drained = new DrainRate();
  for (let second = 0; second < 10; second++)
    for (let call = 0; call < 5; call++) drained.record(second * SECOND);
  assert.equal(drained.retryAfterS(50, 9 * SECOND), 10);
  assert.equal(drained.retryAfterS(51, 9 * SECOND), 11);
});

test("DrainRate.retryAfterS: calls that ended more than ten seconds ago do not count", () => {
  const drained = new DrainRate();
  for (let call = 0; call < 100; call++) drained.record(0);
  assert.equal(drained.retryAfterS(100, 9 * SECOND), 10);
  assert.equal(drained.retryAfterS(100, 10 * SECOND), 1000, "nothing ended: one call in ten seconds");
});

test("DrainRate.retryAfterS: never less than 1 s, nor more than an hour", () => {
  const drained = new DrainRate();
  assert.equal(drained.retryAfterS(0, 0), 1);
  assert.equal(drained.retryAfterS(1_000_000, 0), 3600);
});

/** A pool in which as many threads compute as there are cores, all for work 0, and one more call of that work waits. */
function busyPool({ computing = MOST_STARTING, starting = 0 } = {}) {
  const call = callMaker();
  const waiting = new WaitingCalls();
  const loads = new WorkLoads(2);
  loads.enter(call(0));
  const queued = call(0);
  waiting.push(queued);
  const threads = Object.assign(
    Array.from({ length: computing }, () => ({ isComputing: true })),
    { starting },
  );
  const now = Math.ceil(queued.queuedAt); // whole numbers add up exactly
  const pace = new Pace(threads, waiting, loads);
  pace.recordEnd(now);
  pace.recordStart(now);
  return { pace, waiting, call, now };
}

test("Pace.allowed: no thread while calls compute on all cores, then one a second", () => {
  const { pace, now } = busyPool();
  assert.equal(pace.allowed(now), 0);
  pace.recordEnd(now + 999);
  assert.equal(pace.allowed(now + 999), 0);
  pace.recordEnd(now + 1000);
  assert.equal(pace.allowed(now + 1000), 1);
  pace.recordStart(now + 1000);
  assert.equal(pace.allowed(now + 1000), 0);
});

test("Pace.allowed: as many as there are idle cores, where threads that load the app are not idle", () => {
  const { pace, now } = busyPool({ computing: 0 });
  assert.equal(pace.allowed(now), MOST_STARTING);
  const other = busyPool({ computing: MOST_STARTING - 1, starting: 1 });
  assert.equal(other.pace.allowed(other.now), 0);
});

test("Pace.allowed: any number when no call has ended for long, though not before one has waited for long", () => {
  const { pace, waiting, call, now } = busyPool();
  assert.equal(pace.allowed(now + 250), Number.POSITIVE_INFINITY);
  for (let gone = waiting.take(); gone !== undefined; gone = waiting.take());
  waiting.push({ ...call(0), queuedAt: now + 200 });
  assert.equal(pace.allowed(now + 250), 0);
});

test("Pace.allowed: any number for a request of work that no thread runs, and for background work", () => {
  for (const urgent of [{ work: 1 }, { class: "background" as const }]) {
    const { pace, waiting, call, now } = busyPool();
    waiting.push({ ...call(0), ...urgent });
    assert.equal(pace.allowed(now), Number.POSITIVE_INFINITY, JSON.stringify(urgent));
  }
});
