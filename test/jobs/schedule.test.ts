import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { App, OffloopError } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
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

const at = (expression: string, timezone = "Europe/Berlin"): Schedule => ({
  task: "t",
  expression,
  timezone,
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

test("nextOccurrence() of times in lists and ranges treats each as a time that stands alone", () => {
  assert.deepEqual(occurrences(at("0,30 2 * * *"), "2026-10-24T12:00:00Z", 3), [
    "2026-10-25T00:00:00.000Z",
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:00:00.000Z",
  ]);
  assert.deepEqual(occurrences(at("0 1-3 * * *"), "2026-10-24T12:00:00Z", 3), [
    "2026-10-24T23:00:00.000Z",
    "2026-10-25T00:00:00.000Z",
    "2026-10-25T02:00:00.000Z",
  ]);
  assert.deepEqual(occurrences(at("0,30 2 * * *"), "2026-03-28T12:00:00Z", 2), [
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:00:00.000Z",
  ]);
});

test("nextOccurrence() of each so many minutes of an hour has both of the hours that repeat, and none of a gap", () => {
  assert.deepEqual(occurrences(at("*/30 2 * * *"), "2026-10-24T12:00:00Z", 5), [
    "2026-10-25T00:00:00.000Z",
    "2026-10-25T00:30:00.000Z",
    "2026-10-25T01:00:00.000Z",
    "2026-10-25T01:30:00.000Z",
    "2026-10-26T01:00:00.000Z",
  ]);
  assert.deepEqual(occurrences(at("*/30 2 * * *"), "2026-03-28T12:00:00Z", 1), ["2026-03-30T00:00:00.000Z"]);
});

test("nextOccurrence() of each hour has every hour of a day that has 25", () => {
  assert.equal(new Set(occurrences(at("0 * * * *"), "2026-10-24T22:00:00Z", 25)).size, 25);
  assert.equal(occurrences(at("0 * * * *"), "2026-10-24T22:00:00Z", 25).at(-1), "2026-10-25T23:00:00.000Z");
});

/** Each with what the error says of it. */
const mistakes: Readonly<Record<string, readonly [why: string, fix: string, timezone?: string]>> = {
  "0 3 * *": ["it has 4 fields", 'write five: minute, hour, day, month and weekday, like "0 3 * * *"'],
  daily: ["it has 1 field", 'write five: minute, hour, day, month and weekday, like "0 3 * * *"'],
  "2026-03-02T03:00:00": [
    "it has 1 field",
    'write five: minute, hour, day, month and weekday, like "0 3 * * *"',
  ],
  "": ["it has 0 fields", 'write five: minute, hour, day, month and weekday, like "0 3 * * *"'],
  "@dayly": ["there is no @dayly", "write @hourly, @daily, @weekly, @monthly or @yearly"],
  "61 3 * * *": [
    '"61" is not a minute',
    "write 0-59, *, or a list, range or step of those, in the place of the minute",
  ],
  "0 0 3 * 13 *": [
    '"13" is not a month',
    "write 1-12 or JAN-DEC, *, or a list, range or step of those, in the place of the month",
  ],
  "0 3 * * someday": [
    '"someday" is not a weekday',
    "write 0-7 or SUN-SAT, *, or a list, range or step of those, in the place of the weekday",
  ],
  "0 3 31 2 *": ["it never occurs", "write a day that one of its months has"],
  "0 0 3 30,31 feb * *": ["it never occurs", "write a day that one of its months has"],
  "0 3 * * *": ['there is no time zone "Berlin"', 'write "Europe/Berlin"', "Berlin"],
  "1 3 * * *": ['there is no time zone "new york"', 'write "America/New_York"', "new york"],
  "2 3 * * *": ['there is no time zone ""', 'write an IANA name, like "Europe/Berlin"', ""],
};

test("an app whose schedules cannot be kept is not opened, and the error says where, and what to write", async () => {
  for (const [schedule, [why, fix, timezone = "UTC"]] of Object.entries(mistakes)) {
    const app = new App();
    app.task("t", { schedule, timezone }, async () => {});
    await assert.rejects(testClient(app), (error) => {
      assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID", String(error));
      assert.equal(error.message.split("\n")[0], `Cannot schedule task "t" at "${schedule}": ${why}`);
      assert.equal(error.fix, fix);
      assert.equal(error.at?.file, import.meta.filename);
      return true;
    });
  }
});

test("every form of schedule that the documentation names is accepted", async () => {
  for (const schedule of [
    "0 3 * * *",
    "*/5 8-18 * jan,JUL mon-fri",
    "30 0 3 L * *",
    "@daily",
    " 0  3 * * * ",
    "0 3 29 2 *",
    "0 0 3 1 1 * 2020",
  ]) {
    const app = new App();
    app.task("t", { schedule, timezone: "Europe/Berlin" }, async () => {});
    const client = await testClient(app);
    await client.close();
  }
});

test("a schedule of a task whose args have no default is refused at the start, by any kind of schema", async () => {
  const app = new App();
  const later = z.string().refine(async () => true);
  // @ts-expect-error the types say so, too
  app.task("t", { schedule: "@daily", args: [z.int().default(1), later] }, async () => {});
  await assert.rejects(testClient(app), {
    code: "OFFLOOP_JOB_ARGUMENT",
    message: /^Cannot schedule task "t": its schedule gives no arguments, and without them args\[1\]: /,
  });
});

test("a schedule of a task whose args have defaults runs it with them", async () => {
  const app = new App();
  app.task("t", { schedule: "@daily", args: [z.int().default(7)] }, async (days) => days);
  await using client = await testClient(app);
  await client.jobs.clock.advance(86_400_000);
  const [done] = await app.jobs.list({ state: "done" });
  assert.equal(done?.result, 7);
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

test("Scheduler: a clock that is set forth and back stops no schedule", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const start = Date.parse("2026-03-02T12:00:00Z");
  const clock = { time: start, now: () => clock.time };
  let stored = Promise.withResolvers<string>();
  class ToldStore extends MemoryStore {
    override async add(job: Parameters<MemoryStore["add"]>[0]): Promise<string> {
      const uuid = await super.add(job);
      stored.resolve(job.runAt?.toISOString() ?? "");
      return uuid;
    }
  }
  const onError = (error: unknown): void => assert.fail(String(error));
  const scheduler = new Scheduler(new ToldStore([jobTask("t")], clock), () => {}, onError, clock);
  t.after(() => scheduler.stop());
  await scheduler.start([at("* * * * *")]);
  assert.equal(await stored.promise, "2026-03-02T12:01:00.000Z");
  for (const [time, next] of [
    [start + 3_610_000, "2026-03-02T13:01:00.000Z"],
    [start + 20_000, "2026-03-02T12:01:00.000Z"],
    [start + 60_000, "2026-03-02T12:02:00.000Z"],
  ] as const) {
    stored = Promise.withResolvers();
    clock.time = time;
    t.mock.timers.tick(40_000);
    assert.equal(await stored.promise, next);
    await setImmediate(); // it waits for the next one
  }
});
