import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../src/jobs/memory.ts";
import {
  nextOccurrence,
  occurrenceId,
  type Schedule,
  Scheduler,
  storeNext,
} from "../../src/jobs/schedule.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { jobTask } from "../fixtures/job-engines.ts";

const location = { file: "app.ts", line: 1, column: 1 };
const at = (expression: string, timezone = "Europe/Berlin"): Schedule => ({
  task: "t",
  expression,
  timezone,
  location,
});

function occurrences(schedule: Schedule, from: string, count: number): string[] {
  const found: string[] = [];
  for (let after = new Date(from); found.length < count; ) {
    after = nextOccurrence(schedule, after) as Date;
    found.push(after.toISOString());
  }
  return found;
}

test("nextOccurrence() of a time that spring leaves out is where the gap ends, once", () => {
  assert.deepEqual(occurrences(at("30 2 * * *"), "2026-03-28T12:00:00Z", 2), [
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
});

test("nextOccurrence() of a time that comes twice in autumn is its first, once", () => {
  assert.deepEqual(occurrences(at("30 2 * * *"), "2026-10-24T12:00:00Z", 2), [
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
  ]);
});

test("nextOccurrence() of each hour has every hour of a day that has 25", () => {
  assert.equal(new Set(occurrences(at("0 * * * *"), "2026-10-24T22:00:00Z", 25)).size, 25);
  assert.equal(occurrences(at("0 * * * *"), "2026-10-24T22:00:00Z", 25).at(-1), "2026-10-25T23:00:00.000Z");
});

test("nextOccurrence() refuses invalid schedules and time zones, and names the task's location", () => {
  for (const wrong of [at("61 * * * *"), at("* * * * *", "Nowhere/Else"), at("daily")])
    assert.throws(() => nextOccurrence(wrong, new Date()), { code: "OFFLOOP_OPTION_INVALID", at: location });
});

test("occurrenceId() is the same for the same task, schedule and instant, and a uuid", () => {
  const instant = new Date("2026-03-29T01:00:00Z");
  const id = occurrenceId(at("0 3 * * *"), instant);
  assert.equal(id, occurrenceId(at("0 3 * * *"), new Date(instant)));
  assert.notEqual(id, occurrenceId(at("0 3 * * *"), new Date(0)));
  assert.notEqual(id, occurrenceId({ ...at("0 3 * * *"), task: "u" }, instant));
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("storeNext() after downtime leaves the first missed occurrence to run, and stores none of the others", async () => {
  let now = Date.parse("2026-03-02T00:00:00Z");
  const store = new MemoryStore([jobTask("t")], { now: () => now });
  const daily = at("0 3 * * *", "UTC");
  await storeNext(store, daily, new Date(now));
  now = Date.parse("2026-03-05T12:00:00Z");
  await storeNext(store, daily, new Date(now));
  await store.take("t", 10);
  assert.deepEqual(
    (await store.list({ limit: 10 })).map(({ state, runAt }) => [state, runAt.toISOString()]),
    [
      ["waiting", "2026-03-06T03:00:00.000Z"],
      ["running", "2026-03-02T03:00:00.000Z"],
    ],
  );
});

test("storeNext() by several processes stores an occurrence once, and drops those of a former schedule", async () => {
  const now = Date.now();
  const store = new MemoryStore([jobTask("t")], { now: () => now });
  const old = at("0 1 * * *");
  await Promise.all([1, 2, 3].map(() => storeNext(store, old, new Date(now))));
  assert.equal((await store.list({ limit: 10 })).length, 1);
  const next = await storeNext(store, at("0 2 * * *"), new Date(now));
  const [job, ...others] = await store.list({ limit: 10 });
  assert.deepEqual([job?.runAt, others.length], [next, 0]);
});

test("storeNext() of a process with a former schedule leaves it to those that began later with another", async () => {
  const hour = (time: string): Date => new Date(`2026-03-02T${time}:00Z`);
  let now = hour("03:10").getTime();
  const store = new MemoryStore([jobTask("t")], { now: () => now });
  const waiting = async (): Promise<unknown[]> =>
    (await store.list({ limit: 10 })).map(({ runAt }) => runAt.toISOString().slice(11, 16));
  const [former, current] = [at("0 * * * *"), at("30 * * * *")];
  await storeNext(store, former, hour("03:10"), 1);
  await storeNext(store, current, hour("03:40"), 2);
  assert.deepEqual(await waiting(), ["04:30"]);
  now = hour("04:00").getTime();
  const next = await storeNext(store, former, hour("04:00"), 1);
  assert.deepEqual([await waiting(), next], [["04:30"], hour("05:00")]);
  // The former release is back.
  await storeNext(store, former, hour("04:10"), 3);
  assert.deepEqual(await waiting(), ["05:00"]);
});

test("Scheduler: a store that closes while it is asked is no error once the scheduler has stopped", async () => {
  const errors: unknown[] = [];
  const closing = Promise.withResolvers<boolean>();
  class ClosingStore extends MemoryStore {
    override dropSchedules(): Promise<boolean> {
      return closing.promise;
    }
  }
  const scheduler = new Scheduler(
    new ClosingStore([jobTask("t")], Date),
    () => {},
    (error) => void errors.push(error),
  );
  const started = scheduler.start([at("0 1 * * *")]);
  scheduler.stop();
  closing.reject(new Error("the store is closed"));
  await started;
  assert.deepEqual(errors, []);
});

test("MemoryStore keeps jobs in the order in which they were added, also where an occurrence was dropped", async () => {
  const now = Date.now();
  const store = new MemoryStore([jobTask("t"), jobTask("other")], { now: () => now });
  await storeNext(store, at("0 1 * * *"), new Date(now));
  const add = (): Promise<string> => store.add({ task: "other", uuid: newUuid(), payload: { args: [] } });
  const added = [await add()];
  await store.dropSchedules("t", { mark: "", since: now });
  added.push(await add());
  assert.deepEqual(
    (await store.list({ limit: 10 })).map(({ uuid }) => uuid),
    added.toReversed(),
  );
});
