import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { describeOnEach, jobTask } from "../fixtures/job-engines.ts";

/** Of a release that has no schedule for it any more. */
const task = jobTask("task", { schedule: { mark: "", since: Date.now() } });
const former = { args: [], schedule: "0 3 * * * UTC", scheduledSince: 1 };

describeOnEach("occurrences of former schedules", [task], (on) => {
  const add = (payload: { args: unknown[] }): Promise<string> =>
    on.engine.add({ task: "task", uuid: randomUUID(), payload, runAt: new Date(0) });

  test("run again: one that was cancelled runs, though its schedule is gone", async () => {
    const uuid = await add(former);
    assert.equal(await on.engine.cancel({ task: "task", uuid }), true);
    assert.equal(await on.engine.retry({ task: "task", uuid }), true);
    await on.engine.dropSchedules("task", task.schedule);
    const taken = await on.engine.take("task", 9);
    assert.deepEqual(
      taken.map((job) => [job.uuid, job.payload]),
      [[uuid, { args: [] }]],
    );
  });

  test("a take that meets some removes them and takes others in their place", async () => {
    const removed = [await add(former), await add(former), await add(former)];
    const others = [await add({ args: [1] }), await add({ args: [2] })];
    const taken = await on.engine.take("task", 2);
    assert.deepEqual(
      taken.map((job) => job.uuid),
      others,
    );
    for (const uuid of removed) assert.equal(await on.engine.find({ task: "task", uuid }), undefined);
  });
});
